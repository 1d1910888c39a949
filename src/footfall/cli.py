"""The command line: it reads arguments, calls, prints. No decision about facts, sites or files is made here.

Exit codes: 0 done, 1 refused or found wrong (one message says what and how to repair it), 2 used wrongly, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import math
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from footfall import logs
from footfall.config import SETTINGS, Config, Setting, load
from footfall.errors import FootfallError, InvalidInput
from footfall.http.plain import script_line

if TYPE_CHECKING:
    from footfall.admin import Owner
    from footfall.model import Site

FILE_NAME = "footfall.toml"


class Commands(click.Group):
    """Turns what Footfall raises on purpose into one message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        if "NO_COLOR" in os.environ:
            ctx.color = False
        try:
            return super().invoke(ctx)
        except InvalidInput as error:
            raise click.UsageError(str(error)) from error
        except FootfallError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.filename is None:
                raise  # not about a file that a person named: a fault, and worth its traceback
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error


class Finite(click.FloatRange):
    """A number; nan and inf, which Python takes for some, are refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        if not math.isfinite(number := super().convert(value, param, ctx)):
            self.fail(f"{value!r} is not a number that can be used here.", param, ctx)
        return number


def configured(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the flags of these settings (none named: all) and hand it the Config that results, as `config`."""
    chosen = [setting for setting in SETTINGS if not names or setting.name in names]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(config_file: str | None, **options: Any) -> Any:
            given = {setting.name: options.pop(setting.name) for setting in chosen}
            flags = {name: None if value == () else value for name, value in given.items()}
            config = load(flags, os.environ, _file_text(config_file, flags.get("data_folder")))
            logs.set_up(config.log_format)
            return command(config=config, **options)

        text = f"Settings in TOML [default: {FILE_NAME} in the data folder; or $FOOTFALL_CONFIG]"
        decorated: Callable[..., Any] = run
        for setting in reversed(chosen):
            decorated = _flag(setting)(decorated)
        return click.option("--config", "config_file", metavar="FILE", help=text)(decorated)

    return decorate


def _flag(setting: Setting) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    shown = f" [default: {setting.shown}]" if setting.shown else ""
    metavar = {"path": "FOLDER", "int": "N", "float": "N", "size": "SIZE"}.get(setting.kind, "TEXT")
    help_text = setting.sentence.replace("`", "") + shown
    return click.option(setting.flag, setting.name, multiple=setting.kind == "list", metavar=metavar, help=help_text)


def _file_text(named: str | None, data_folder: object) -> str | None:
    """The text of the settings file: the one that was named, else the one in the data folder if there is one."""
    if named := named or os.environ.get("FOOTFALL_CONFIG"):
        return Path(named).read_text("utf-8")
    folder = load({"data_folder": data_folder}, os.environ, None).data_folder
    file = folder / FILE_NAME
    return file.read_text("utf-8") if file.is_file() else None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every setting is also an environment variable and a line of a TOML file: see docs/configuration.md.",
)
@click.version_option(version("footfall"), prog_name="footfall", message="%(prog)s %(version)s")
def main() -> None:
    """Counts the readers of your websites and shows them live.

    \b
    Start it:           footfall serve
    Watch it alive:     footfall demo
    Count a site:       footfall site add blog --host blog.example
    """
    os.umask(0o077)  # what it writes is for this user alone


@main.command(epilog="\b\nExamples:\n  footfall serve\n  footfall serve --data-folder ./data --port 9000\n"
              "  footfall serve --trusted-proxies 10.0.0.0/8 --public-url https://stats.example")  # fmt: skip
@configured()
def serve(config: Config) -> None:
    """Start the server. Ctrl-C or SIGTERM stops it when everything is written."""
    from footfall.serve import Running  # here, so that --help does not load a server
    from footfall.serve import serve as run

    def started(server: Running) -> None:
        click.echo(_welcome(config, server.address, server.welcome, server.house.sites.values()))

    run(config, started)


def _welcome(config: Config, address: str, token: str, sites: Iterable[Site]) -> str:
    """What a person needs to know once the server answers."""
    public = config.public_url or address
    own = sorted(sites, key=lambda site: (site.id == "demo", site.created, site.id))
    lines = [f"Footfall {version('footfall')} is running. Ctrl-C stops it.", ""]
    if token:
        lines += [f"  start here   {welcome_link(public, token)}", "               sets your password; good once", ""]
    else:
        lines.append(f"  your sites   {public}/")
    lines += [f"  live page    {public}/s/{site.id}" for site in own[:5]]
    if own:
        lines.append(f"  your script  {script_line(public, own[0].id)}")
    lines += [f"  data         {config.data_folder.resolve()}", ""]
    lines += [f"  add a site   {_command(config, 'site add blog --host blog.example')}"]
    lines += [f"  see it alive {_command(config, 'demo')}"]
    return "\n".join(lines)


def welcome_link(public: str, token: str) -> str:
    """Where the owner's password is set, once."""
    return f"{public}/welcome?token={token}"


def _command(config: Config, arguments: str) -> str:
    """A command as this person has to type it: with its path if it is not on theirs, with the folder if it is not the default."""
    typed = Path(sys.argv[0])
    found = shutil.which("footfall")
    program = "footfall" if found and Path(found).resolve() == typed.resolve() else os.path.relpath(typed)
    if typed.name == "__main__.py":
        program = "python -m footfall"
    default = load({}, {k: v for k, v in os.environ.items() if k != "FOOTFALL_DATA_FOLDER"}, None).data_folder
    folder = "" if config.data_folder == default else f" --data-folder {shlex.quote(str(config.data_folder))}"
    return f"{program} {arguments}{folder}"


@main.command(epilog="\b\nExamples:\n  footfall demo\n  footfall demo --readers 200 --seconds 60\n  footfall demo --remove")
@click.option("--readers", type=click.IntRange(1, 2000), default=40, show_default=True, help="About how many are here at a time.")
@click.option("--seconds", type=Finite(min=1), help="Stop after that long [default: at Ctrl-C]")
@click.option("--remove", is_flag=True, help="Remove the demo's site with all its data.")
@configured("data_folder", "host", "port", "public_url")
def demo(config: Config, readers: int, seconds: float | None, remove: bool) -> None:
    """Send believable readers to a site of their own, `demo`, through the real doors.

    Talks to the server that runs on the data folder, or starts one.
    """
    from footfall.demo import run

    if remove:
        _check_folder(config)
    try:
        asyncio.run(run.remove(config) if remove else run.demo(config, readers, seconds))
    except (KeyboardInterrupt, asyncio.CancelledError):
        if remove:
            raise click.Abort from None
        # for the demo itself that is the way to end it


@main.group()
def site() -> None:
    """The websites that are counted.

    \b
    Examples:
      footfall site add blog --host blog.example --host '*.blog.example'
      footfall site edit blog --visibility public
      footfall site link blog
      footfall site remove blog

    Works while a server runs, and without one.
    """


def _site_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option("--name", help="What the page calls it [default: the id]"),
        click.option("--host", "hosts", multiple=True, help="A host name that may send facts, *. in front for all below it "
                     "[default: any]; repeatable"),
        click.option("--visibility", type=click.Choice(["private", "public", "link"]),
                     help="Who may see its live page: only you, anyone, or whoever has its link [default: private]"),
        click.option("--frame", "frames", multiple=True, help="An origin whose pages may show its card in a frame "
                     "[default: any for a public site, none else]; repeatable"),
        click.option("--k", type=int, help="So many visitors make a page or place fit for strangers [default: 3]"),
        click.option("--pattern", "patterns", multiple=True, help="Pages that strangers may see at once: '/blog/*'; repeatable"),
        click.option("--grid", type=Finite(), help="Places on the map are rounded to this many degrees [default: 1]"),
        click.option("--param", "params", multiple=True, help="A query parameter that is part of its paths; repeatable"),
    )):  # fmt: skip
        command = option(command)
    return command


@site.command("add")
@click.argument("id")
@_site_options
@configured("data_folder", "public_url")
def site_add(config: Config, id: str, **change: Any) -> None:
    """Add a site and print the line for its pages. ID: 2 to 32 of a-z, 0-9 and -."""

    async def add(owner: Owner) -> None:
        if await owner.site(id) is not None:
            raise click.ClickException(f"there is a site {id} already: footfall site edit {id} changes it")
        _show(config, owner, await owner.put(id, **_given(change)))

    new = not _is_made(config)
    _with_owner(config, add, new=new)
    if new:
        click.echo(f"{config.data_folder} is new, and no server runs on it: {_command(config, 'serve')}", err=True)


@site.command("edit")
@click.argument("id")
@_site_options
@configured("data_folder", "public_url")
def site_edit(config: Config, id: str, **change: Any) -> None:
    """Change a site: what is given replaces, everything else stays. --host '' allows any host again."""

    async def edit(owner: Owner) -> None:
        await _existing(owner, id)
        _show(config, owner, await owner.put(id, **_given(change)))

    _with_owner(config, edit)


@site.command("list")
@configured("data_folder")
def site_list(config: Config) -> None:
    """Every site: id, who may see it, hosts."""

    async def show(owner: Owner) -> None:
        for found in await owner.sites():
            click.echo(f"{found['id']:<32} {found['visibility']:<8} {', '.join(found['hosts']) or 'any host'}")

    _with_owner(config, show)


@site.command("show")
@click.argument("id")
@configured("data_folder", "public_url")
def site_show(config: Config, id: str) -> None:
    """One site: its settings, its live page, the line for its pages."""

    async def show(owner: Owner) -> None:
        _show(config, owner, await _existing(owner, id))

    _with_owner(config, show)


@site.command("link")
@click.argument("id")
@click.option("--renew", is_flag=True, help="Make a new one; the present one opens nothing any more.")
@configured("data_folder", "public_url")
def site_link(config: Config, id: str, renew: bool) -> None:
    """The link that shows a site to whoever has it."""

    async def link(owner: Owner) -> None:
        found = await owner.link(id) if renew else await _existing(owner, id)
        if found["visibility"] != "link":
            raise click.ClickException(
                f"{id} is {found['visibility']}: footfall site edit {id} --visibility link opens it by link"
            )
        click.echo(_page_address(config, owner, found))

    _with_owner(config, link)


@site.command("remove")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@configured("data_folder")
def site_remove(config: Config, id: str, yes: bool) -> None:
    """Remove a site with all its data. It cannot be brought back."""

    async def remove(owner: Owner) -> None:
        await _existing(owner, id)
        if not yes:
            click.confirm(f"Remove {id} and everything that was counted for it?", abort=True)
        click.echo(f"{id} is removed; {await owner.remove(id):,} views went with it.")

    _with_owner(config, remove)


@main.command()
@configured("data_folder", "public_url")
def password(config: Config) -> None:
    """Print a link that sets the owner's password; good once, like every one before it only until the next.

    A new password ends every session of every browser.
    """

    async def welcome(owner: Owner) -> None:
        click.echo(welcome_link(_public(config, owner), await owner.welcome()))
        if not owner.address:
            click.echo("It works when the server runs: footfall serve", err=True)

    _with_owner(config, welcome)


@main.command()
@configured("data_folder")
def verify(config: Config) -> None:
    """Count every total again from the stored rows and compare. Exit code 1 if anything differs."""

    async def recount(owner: Owner) -> None:
        differences = await owner.verify()
        for difference in differences:
            click.echo(difference)
        if differences:
            raise click.ClickException(f"{len(differences)} totals differ from the stored rows")
        click.echo("Every total equals a recount of the stored rows.")

    _with_owner(config, recount)


def _with_owner(config: Config, act: Callable[[Owner], Coroutine[Any, Any, None]], new: bool = False) -> None:
    """`new`: the data folder may have to be made; else one that is not there is a mistake about where the data lies."""
    from footfall.admin import owner  # here, so that --help does not load a server

    if not new:
        _check_folder(config)

    async def connected() -> None:
        async with owner(config) as door:
            await act(door)

    _run(connected())


def _is_made(config: Config) -> bool:
    return config.data_folder.is_dir() and any(config.data_folder.iterdir())


def _check_folder(config: Config) -> None:
    if not _is_made(config):
        raise click.ClickException(f"there is no data in {config.data_folder}: --data-folder names another folder")


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        raise click.Abort from None


def _given(change: dict[str, Any]) -> dict[str, Any]:
    """What was written on the command line; an empty text empties a list."""
    lists = {name: [item for item in value if item] for name, value in change.items() if isinstance(value, tuple) and value}
    return {**{name: value for name, value in change.items() if not isinstance(value, tuple)}, **lists}


async def _existing(owner: Owner, id: str) -> dict[str, Any]:
    found: dict[str, Any] | None = await owner.site(id)
    if found is None:
        raise click.ClickException(f"there is no site {id}: footfall site list shows all")
    return found


def _show(config: Config, owner: Owner, found: dict[str, Any]) -> None:
    click.echo(f"{found['id']}  {found['visibility']}, {', '.join(found['hosts']) or 'any host'}, places to {found['grid']:g}°")
    click.echo(f"  live page    {_page_address(config, owner, found)}")
    click.echo(f"  your script  {script_line(_public(config, owner), found['id'])}")


def _page_address(config: Config, owner: Owner, found: dict[str, Any]) -> str:
    """Where its live page is, for whoever may see it."""
    secret = f"?link={found['link']}" if found["visibility"] == "link" else ""
    return f"{_public(config, owner)}/s/{found['id']}{secret}"


def _public(config: Config, owner: Owner) -> str:
    return config.public_url or owner.address or f"http://{config.host}:{config.port}"
