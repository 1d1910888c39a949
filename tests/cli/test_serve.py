"""`footfall serve` as a person meets it: what it prints, how it stops, what it says when it cannot start."""

from __future__ import annotations

import json
import re
import socket
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"  # httpx' own name is a bot's
Footfall = Any  # tests/cli/conftest.py: Command; test files cannot import it by name


def test_says_what_a_person_needs(footfall: Footfall) -> None:
    """The link that sets a password, the live page, the script where the printed line says, the data where it says."""
    with footfall.serving() as server:
        script = httpx.get(f"{server.address}/f.js", trust_env=False)
        out = server.stop().out
    link = re.search(r"start here +(\S+)", out)
    assert link is not None
    assert link[1].startswith(f"{server.address}/welcome?token=")
    assert f"live page    {server.address}/s/my-site\n" in out
    assert f'<script defer src="{server.address}/f.js" data-site="my-site"></script>' in out
    assert str(footfall.folder) in out
    assert (script.status_code, "javascript" in script.headers["content-type"]) == (200, True)
    assert stat.S_IMODE(footfall.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in footfall.folder.iterdir()} == {0o600}


@pytest.mark.slow
def test_a_password_is_set_once_and_asked_for_from_then_on(footfall: Footfall) -> None:
    """The link of `footfall password` sets it, without a server too; the next start prints no link and the password holds."""
    with footfall.serving() as server, httpx.Client(base_url=server.address, trust_env=False) as browser:
        link = footfall("password", "--data-folder", str(footfall.folder)).out.strip()
        form = {"token": link.partition("token=")[2], "password": "tomatoes and beans", "again": "tomatoes and beans"}
        own = {"origin": server.address}
        assert browser.get(link).status_code == 200
        assert browser.post("/welcome", data=form, headers=own).status_code == 303
        assert browser.get("/api/live/my-site").status_code == 200
        assert browser.post("/welcome", data=form, headers=own).status_code == 403
        server.stop()
    again = footfall("password", "--data-folder", str(footfall.folder))
    assert (again.code, "works when the server runs" in again.err) == (0, True)
    with footfall.serving() as server, httpx.Client(base_url=server.address, trust_env=False) as browser:
        answer = browser.post("/sign-in", data={"password": "tomatoes and beans"}, headers={"origin": server.address})
        assert answer.status_code == 303
        assert browser.get(f"/welcome?token={again.out.strip().partition('token=')[2]}").status_code == 200
        out = server.stop().out
    assert "welcome" not in out
    assert f"your sites   {server.address}/\n" in out


@pytest.mark.slow
def test_sigterm_drains_with_a_viewer_connected(footfall: Footfall) -> None:
    """A fact that was acknowledged is counted after the next start, a viewer's stream ends, the exit code is 0."""
    with footfall.serving() as server:
        headers = {"authorization": f"Bearer {server.key}"}
        with httpx.stream("GET", f"{server.address}/api/live/my-site/stream", headers=headers, trust_env=False) as stream:
            lines = stream.iter_lines()
            assert any(line.startswith("event: snapshot") for line in lines)
            view = {"s": "my-site", "k": "view", "i": "0123456789abcdef", "u": "https://blog.example/hello"}
            answer = httpx.post(f"{server.address}/e", json=view, headers={"user-agent": FIREFOX}, trust_env=False)
            assert answer.status_code == 204, answer.text
            server.process.terminate()
            assert not any("no such line" in line for line in lines)  # reads to the end of the stream, which comes
        assert server.process.wait(30) == 0
        assert not (footfall.folder / "server.json").exists()
    with footfall.serving() as server:
        assert server.get("/api/live/my-site").json()["views"] == 1


@pytest.mark.slow
def test_a_used_port_is_one_message(footfall: Footfall) -> None:
    """Exit code 1, the port, the reason, no traceback; also when it is another Footfall that has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = footfall.alone("serve", "--data-folder", str(footfall.folder), "--port", port)
    said = f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use; choose another one with --port\n"
    assert (ended.code, ended.err) == (1, said)
    with footfall.serving() as server:
        port = server.address.rpartition(":")[2]
        ended = footfall.alone("serve", "--data-folder", str(footfall.folder) + "-2", "--port", port)
    assert (ended.code, ended.err.count("\n")) == (1, 1)


@pytest.mark.slow
def test_a_refused_data_folder_names_the_repair(footfall: Footfall) -> None:
    """A folder that another server owns, and one that a newer Footfall wrote: exit code 1, what to do, no traceback."""
    with footfall.serving() as server:
        ended = footfall.alone("serve", "--data-folder", str(footfall.folder), "--port", "0")
        assert server.stop().code == 0
    assert ended.code == 1
    assert ended.err.startswith(f"Error: {footfall.folder} is in use by process {server.process.pid}\n  repair: stop process")
    file = footfall.folder / "footfall.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "version": 1000}))
    ended = footfall.alone("serve", "--data-folder", str(footfall.folder), "--port", "0")
    assert ended.code == 1
    assert "repair: install the newer Footfall" in ended.err
    assert "Traceback" not in ended.err


def test_a_folder_that_cannot_be_made_is_one_message(footfall: Footfall, tmp_path: Path) -> None:
    """The file that stands in the way is named."""
    (tmp_path / "file").write_text("")
    ended = footfall.alone("serve", "--data-folder", str(tmp_path / "file" / "data"), "--port", "0")
    assert ended.code == 1
    assert re.fullmatch(r"Error: /.*/file.*: Not a directory\n", ended.err)


def test_a_wrong_setting_is_a_usage_error(footfall: Footfall) -> None:
    """Exit code 2 and the name, wherever the setting came from."""
    ended = footfall.alone("serve", "--port", "http")
    assert (ended.code, "--port: expected a whole number from 0 to 65535" in ended.err) == (2, True)
    ended = footfall.alone("serve", env={"FOOTFALL_PROT": "1"})
    assert (ended.code, "FOOTFALL_PROT: expected one of the settings" in ended.err) == (2, True)


@pytest.mark.slow
def test_the_file_in_the_data_folder_is_read(footfall: Footfall) -> None:
    """Settings in footfall.toml hold without a flag, and a flag overrules them; the public address is what gets printed."""
    footfall.folder.mkdir(mode=0o700)
    (footfall.folder / "footfall.toml").write_text('public_url = "https://stats.example"\nport = 1\n')
    with footfall.serving() as server:
        ended = server.stop()
    assert '<script defer src="https://stats.example/f.js" data-site="my-site"></script>' in ended.out


@pytest.mark.slow
def test_logs_are_json_lines_where_nobody_watches(footfall: Footfall) -> None:
    """stderr is a pipe here: every line of it is a JSON object with time, level and event."""
    with footfall.serving() as server:
        httpx.get(f"{server.address}/healthz", headers={"x-forwarded-for": "192.0.2.1"}, trust_env=False)
        view = {"s": "my-site", "k": "view", "i": "0123456789abcdef", "u": "https://blog.example/"}
        httpx.post(f"{server.address}/e", json=view, headers={"x-forwarded-for": "192.0.2.1"}, trust_env=False)
        lines = [json.loads(line) for line in server.stop().err.splitlines()]
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(line) for line in lines))
    assert any(line["level"] == "warning" and "X-Forwarded-For" in line["event"] for line in lines)
