"""The other commands: help, sites, verify, demo; with a server that owns the data folder, and without one."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner

from footfall.cli.command import Commands

Footfall = Any  # tests/cli/conftest.py: Command; test files cannot import it by name

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"  # httpx' own name is a bot's
COMMANDS = (
    "serve",
    "demo",
    "site",
    "site add",
    "site list",
    "site show",
    "site edit",
    "site remove",
    "site link",
    "key",
    "key make",
    "key list",
    "key revoke",
    "password",
    "import",
    "import convex",
    "verify",
    "backfill",
    "erase",
    "backup",
    "restore",
    "migrate",
    "export",
    "import footfall",
)


def test_version_and_help(footfall: Footfall) -> None:
    """The version is the package's; the help of the whole names what to type first."""
    assert footfall.alone("--version").out.startswith("footfall 0.")
    help = footfall.alone("--help")
    assert (help.code, "footfall serve" in help.out, "footfall demo" in help.out) == (0, True, True)
    assert "..." not in (help.out + footfall("import", "--help").out).replace("[ARGS]...", "")
    assert footfall.alone("srve").code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(footfall: Footfall, command: str) -> None:
    """Its use, a sentence, and one for each flag."""
    ended = footfall(*command.split(), "--help")
    assert ended.code == 0
    usage, _, rest = ended.out.partition("\n\n")
    assert usage.startswith(f"Usage: footfall {command}")
    assert re.match(r"  [A-Z]", rest)
    assert not re.search(r"^  -\S*( [A-Z]+)?$\n  -", rest, re.MULTILINE)


def test_a_migration_without_a_place_to_go_is_a_mistake(footfall: Footfall, tmp_path: Path) -> None:
    """And so is one of nothing; nothing is made."""
    folder = ("--data-folder", str(tmp_path / "data"))
    ended = footfall("migrate", *folder, "--cluster", "nats://127.0.0.1:9")
    assert (ended.code, "--clickhouse" in ended.err) == (2, True)
    ended = footfall("migrate", *folder, "--cluster", "nats://127.0.0.1:9", "--clickhouse", "http://127.0.0.1:9")
    assert (ended.code, "there is no data" in ended.err) == (1, True)
    assert not list(tmp_path.iterdir())


def test_no_color_is_honoured(footfall: Footfall) -> None:
    """Nothing but text is written when NO_COLOR is set, even where colours are wanted."""
    ended = footfall.alone("site", "list", env={"NO_COLOR": "1", "FORCE_COLOR": "1"})
    assert "\033" not in ended.out + ended.err


def test_ctrl_c_ends_with_130() -> None:
    """Wherever it strikes, as shells and scripts expect; answering no ends with 1."""

    @click.group(cls=Commands)
    def group() -> None:
        pass

    @group.command()
    def work() -> None:
        async def interrupted() -> None:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(60)

        asyncio.run(interrupted())

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what is in the background without it
    try:
        ended = CliRunner().invoke(group, ["work"])
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ended.exit_code, ended.stderr.strip()) == (130, "Interrupted.")


def test_a_folder_of_another_user_is_named(footfall: Footfall) -> None:
    """Not a settings file in it that may not even exist."""
    footfall.folder.mkdir(mode=0)
    root = os.geteuid() == 0  # for whom every folder is open
    if root:
        os.seteuid(65534)
    try:
        ended = sites(footfall, "list")
    finally:
        if root:
            os.seteuid(0)
    assert (ended.code, f"{footfall.folder} is not open to this user" in ended.err) == (1, True)


def sites(footfall: Footfall, *arguments: str, **more: Any) -> Any:
    return footfall("site", *arguments, "--data-folder", str(footfall.folder), **more)


@pytest.mark.slow
def test_sites_with_a_server(footfall: Footfall) -> None:
    """Add, show, edit, list, remove go to the server that owns the folder, and it knows at once."""
    with footfall.serving() as server:
        assert sites(footfall, "remove", "my-site", "--yes").code == 0
        every_command(footfall)
        sites(footfall, "add", "blog", "--visibility", "public")
        assert server.get("/api/live/blog").status_code == 200
        assert server.stop().code == 0
    assert sites(footfall, "list").out.split()[:2] == ["blog", "public"]


def every_command(footfall: Footfall) -> None:
    """A site's whole life."""
    added = sites(footfall, "add", "blog", "--host", "Blog.Example", "--host", "*.blog.example", "--param", "page")
    assert (added.code, added.err) == (0, "")
    assert 'data-site="blog"></script>' in added.out
    assert "private, blog.example, *.blog.example, places to 1°" in added.out
    again = sites(footfall, "add", "blog")
    assert (again.code, again.err) == (1, "Error: there is a site blog already: footfall site edit blog changes it\n")
    edited = sites(footfall, "edit", "blog", "--visibility", "public", "--grid", "2.5", "--host", "")
    assert "public, any host, places to 2.5°" in edited.out
    assert "public" in sites(footfall, "show", "blog").out
    edited = sites(footfall, "edit", "blog", "--content", "posts:post:/blog/*/", "--content", "/srv/../srv/pages:page")
    assert edited.out.splitlines()[3:] == [f"  content      {Path.cwd()}/posts:post:/blog/*/", "  content      /srv/pages:page"]
    assert edited.err.startswith(f"{Path.cwd()}/posts is no folder yet: nothing is published from it.\n")
    assert "content" not in sites(footfall, "edit", "blog", "--content", "").out
    assert sites(footfall, "list").out.split()[:2] == ["blog", "public"]
    refused = sites(footfall, "link", "blog")
    assert (refused.code, "footfall site edit blog --visibility link" in refused.err) == (1, True)
    edited = sites(footfall, "edit", "blog", "--visibility", "link", "--frame", "https://blog.example")
    link = sites(footfall, "link", "blog").out.strip()
    assert re.fullmatch(r"http://[\d.:]+/s/blog\?link=[\w-]{22}", link)
    assert link in edited.out
    assert sites(footfall, "link", "blog", "--renew").out.strip() not in ("", link)
    asked = sites(footfall, "edit", "blog", "--convex", "rounded", answer="n\n")
    assert (asked.code, "anyone who knows the address for clients can read all statistics" in asked.err) == (1, True)
    assert "/convex/blog" not in sites(footfall, "show", "blog").out
    assert "/convex/blog\n" in sites(footfall, "edit", "blog", "--convex", "rounded", "--yes").out
    assert "kept         30 days" in sites(footfall, "edit", "blog", "--retention", "30", answer="y\n").out
    kept = sites(footfall, "edit", "blog", "--retention", "7", answer="n\n")
    assert (kept.code, "older than 7 days is erased and cannot be brought back" in kept.err) == (1, True)
    assert "kept         60 days" in sites(footfall, "edit", "blog", "--retention", "60").out
    assert "kept " not in sites(footfall, "edit", "blog", "--retention", "0").out
    kept = sites(footfall, "remove", "blog", answer="n\n")
    assert kept.code == 1
    assert sites(footfall, "remove", "blog", "--yes").out == "blog is removed; 0 views went with it.\n"
    assert sites(footfall, "show", "blog").code == 1


@pytest.mark.slow
def test_sites_without_a_server(footfall: Footfall) -> None:
    """The commands open the data folder themselves."""
    assert 'data-site="blog"></script>' in sites(footfall, "add", "blog", "--visibility", "public").out
    assert sites(footfall, "list").out.split()[:2] == ["blog", "public"]
    assert sites(footfall, "remove", "blog", "--yes").code == 0
    assert sites(footfall, "list").out == ""
    assert not (footfall.folder / "server.json").exists()


@pytest.mark.slow
def test_a_killed_server_is_not_asked(footfall: Footfall) -> None:
    """After SIGKILL a stale server.json points nowhere: the commands open the folder."""
    with footfall.serving() as server:
        server.process.kill()
        server.process.wait()
        assert (footfall.folder / "server.json").exists()
        assert sites(footfall, "list").out.split()[0] == "my-site"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "Blog"), "id: expected 2 to 32 of a-z, 0-9 and -"),
        (("add", "api"), "id: expected"),
        (("add", "blog", "--host", "https://blog.example"), "hosts: expected host names"),
        (("add", "blog", "--host", "localhost:3000"), "hosts: expected host names without a port"),
        (("add", "blog", "--grid", "0"), "grid: expected degrees from 0.01 to 30.0"),
    ],
)
def test_bad_input_is_refused_by_name(footfall: Footfall, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 1, the field, what was expected."""
    ended = sites(footfall, *arguments)
    assert ended.code == 1
    assert said in ended.err


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_refused(footfall: Footfall, value: str) -> None:
    """Python would take it for one; nothing is made and nothing runs."""
    for arguments in (("site", "add", "blog", "--grid", value), ("demo", "--seconds", value)):
        ended = footfall(*arguments, "--data-folder", str(footfall.folder))
        assert ended.code == 2
        assert re.search(f"Invalid value for '--(grid|seconds)': '?{value}", ended.err)
    assert not footfall.folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("site", "list"),
        ("site", "show", "blog"),
        ("site", "edit", "blog", "--name", "B"),
        ("site", "link", "blog"),
        ("site", "remove", "blog", "--yes"),
        ("password",),
        ("verify",),
        ("backfill",),
        ("erase", "blog", "--path", "/a", "--yes"),
        ("reclassify", "blog", "bot", "--where", "browser is X", "--yes"),
        ("backup", "nowhere"),
        ("export", "nowhere"),
        ("demo", "--remove"),
    ],
)
def test_a_folder_that_is_not_there_is_a_mistake(footfall: Footfall, arguments: tuple[str, ...]) -> None:
    """What asks for something that was counted makes no folder; it says which flag names the right one."""
    ended = footfall(*arguments, "--data-folder", str(footfall.folder))
    assert ended.code == 1
    assert f"there is no data in {footfall.folder}: --data-folder names another" in ended.err
    assert not footfall.folder.exists()


@pytest.mark.slow
def test_a_first_site_says_that_its_folder_is_new(footfall: Footfall) -> None:
    """Who added it to the wrong folder sees it at once; the second one is added without a word. An unknown site is none."""
    added = sites(footfall, "add", "blog")
    assert (added.code, f"{footfall.folder} is new, and no server runs on it: " in added.err) == (0, True)
    assert sites(footfall, "add", "shop").err == ""
    for arguments in (("edit", "nobody", "--visibility", "public"), ("remove", "nobody", "--yes")):
        ended = sites(footfall, *arguments)
        assert (ended.code, "there is no site nobody" in ended.err) == (1, True)


@pytest.mark.slow
def test_verify_agrees_with_what_was_counted(footfall: Footfall) -> None:
    """Two views of two readers: every total equals a recount, while the server runs and after it."""
    with footfall.serving() as server:
        for session in ("ann", "bob"):
            view = {"s": "my-site", "k": "view", "i": f"0123456789-{session}", "u": "https://blog.example/a", "v": session}
            answer = httpx.post(f"{server.address}/e", json=view, headers={"user-agent": FIREFOX}, trust_env=False)
            assert answer.status_code == 204, answer.text
        running = footfall("verify", "--data-folder", str(footfall.folder))
        assert server.get("/api/live/my-site").json()["visitors"] == 2
        server.stop()
    stopped = footfall("verify", "--data-folder", str(footfall.folder))
    assert (running.code, stopped.code) == (0, 0)
    assert running.out == stopped.out == "Every total equals a recount of the stored rows.\n"


@pytest.mark.slow
def test_the_demo_fills_a_running_server(footfall: Footfall) -> None:
    """Its page is public and alive: readers now, views, titles, countries; its totals verify; one command removes it."""
    with footfall.serving() as server:
        ended = footfall.alone("demo", "--seconds", "6", "--readers", "30", "--data-folder", str(footfall.folder))
        assert (ended.code, ended.err) == (0, "")
        assert f"{server.address}/s/demo" in ended.out
        live = httpx.get(f"{server.address}/api/live/demo", trust_env=False).json()
        assert live["people"] > 0
        assert live["views"] > 50
        assert {page["title"] for page in live["pages"]} > {"Tomatoes without watering", "Home"}
        assert len({place["country"] for place in live["places"]}) > 3
        assert any(place["city"] for place in live["places"])
        assert footfall("verify", "--data-folder", str(footfall.folder)).code == 0
        removed = footfall("demo", "--remove", "--data-folder", str(footfall.folder))
        assert "The demo is removed; " in removed.out
        assert httpx.get(f"{server.address}/api/live/demo", trust_env=False).status_code == 404
        assert server.get("/healthz").json()["warnings"] == []


@pytest.mark.slow
def test_a_demo_that_is_removed_ends_with_a_sentence(footfall: Footfall) -> None:
    """Not with what the server said to the next of its readers."""
    with footfall.serving() as server, ThreadPoolExecutor(1) as pool:
        demo = pool.submit(footfall.alone, "demo", "--seconds", "60", "--data-folder", str(footfall.folder))
        while not (live := server.get("/api/live/demo")).is_success or not live.json()["people"]:
            time.sleep(0.05)  # first it tells of weeks when nobody is here
        assert footfall("demo", "--remove", "--data-folder", str(footfall.folder)).code == 0
        ended = demo.result()
    assert (ended.code, ended.err) == (1, "Error: the demo was removed while it ran; it has ended\n")


@pytest.mark.slow
def test_the_demo_starts_a_server_where_none_runs(footfall: Footfall) -> None:
    """And ends it with itself; the data stays until it is removed."""
    ended = footfall.alone("demo", "--seconds", "3", "--port", "0", "--data-folder", str(footfall.folder))
    assert ended.code == 0
    assert "No server runs on" in ended.out
    assert "demo" in sites(footfall, "list").out
    assert footfall("demo", "--remove", "--data-folder", str(footfall.folder)).code == 0
    assert footfall("demo", "--remove", "--data-folder", str(footfall.folder)).out == "There is no demo to remove.\n"


@pytest.mark.slow
def test_keys_of_programs(footfall: Footfall) -> None:
    """Made and printed once, listed without it, revoked; for a site that is there."""

    def keys(*arguments: str) -> Any:
        return footfall("key", *arguments, "--data-folder", str(footfall.folder))

    assert sites(footfall, "add", "blog", "--timezone", "Europe/Berlin").code == 0
    made = keys("make", "my script", "--site", "blog")
    assert (made.code, made.out.startswith("footfall_")) == (0, True)
    listed = keys("list").out
    assert "my script" in listed
    assert made.out.strip() not in listed
    assert keys("make", "x", "--site", "nowhere").code == 1
    assert keys("revoke", listed.split()[0]).code == 0
    assert keys("list").out == ""
    assert sites(footfall, "edit", "blog", "--timezone", "Mars/North").code == 1


@pytest.mark.slow
def test_visitors_that_were_bots_after_all(footfall: Footfall) -> None:
    """Told, done, undone, without a server; a condition that is none is a mistake, and nothing that matches is said."""
    with footfall.serving() as server:
        for session in ("ann", "bob"):
            view = {
                "s": "my-site",
                "k": "view",
                "i": f"0123456789-{session}",
                "u": f"https://blog.example/{session}",
                "v": session,
            }
            assert httpx.post(f"{server.address}/e", json=view, headers={"user-agent": FIREFOX}, trust_env=False).is_success
        server.stop()

    def reclassify(verdict: str, *flags: str) -> tuple[int, str]:
        ended = footfall("reclassify", "my-site", verdict, *flags, "--data-folder", str(footfall.folder))
        return ended.code, ended.out or ended.err

    ann = ("--where", "path is /ann", "--where", "browser contains fox")
    told = "my-site: 1 facts (1 counted views) of 1 visits would be a bot's.\n"
    assert reclassify("bot", *ann, "--dry-run") == (0, told)
    assert reclassify("bot", *ann, "--yes") == (0, "my-site: 1 facts are a bot's now.\n")
    assert reclassify("bot", *ann, "--yes") == (0, "my-site: nothing matches that is not so already.\n")
    assert reclassify("people", "--where", "bot is owner", "--yes") == (0, "my-site: 1 facts are people's now.\n")
    assert footfall("verify", "--data-folder", str(footfall.folder)).code == 0
    assert reclassify("bot", "--where", "browser")[0] == 2
    assert reclassify("bot")[0] == 2
