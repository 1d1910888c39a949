"""What the commands share: settings as flags, errors as one message, the owner's door, the folder that has to be there."""

from __future__ import annotations

import asyncio
import math
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from footfall import logs
from footfall.config import SETTINGS, Config, Setting, load
from footfall.errors import FootfallError, InvalidInput

if TYPE_CHECKING:
    from footfall.admin import Owner

FILE_NAME = "footfall.toml"
INTERRUPTED = 130  # as a shell says it of what Ctrl-C ended


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
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            ctx.exit(INTERRUPTED)


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
    try:
        return file.read_text("utf-8") if file.is_file() else None
    except PermissionError as error:
        raise click.ClickException(f"{folder} is not open to this user: run it as the user whose data it is") from error


def with_owner(config: Config, act: Callable[[Owner], Coroutine[Any, Any, None]], new: bool = False) -> None:
    """Act as the owner. `new`: the folder may have to be made; else a missing one is a mistake about where the data lies."""
    if not new:
        check_folder(config)
    from footfall.admin import owner  # here, so that --help does not load an HTTP client

    async def connected() -> None:
        async with owner(config) as door:
            await act(door)

    asyncio.run(connected())


def is_made(config: Config) -> bool:
    """Whether the data folder has anything in it."""
    return config.data_folder.is_dir() and any(config.data_folder.iterdir())


def check_folder(config: Config) -> None:
    """Raises ClickException where there is no data."""
    if not is_made(config):
        raise click.ClickException(f"there is no data in {config.data_folder}: --data-folder names another folder")


@contextmanager
def bar(length: int, label: str, *, show_pos: bool = False) -> Iterator[Callable[[int], None]]:
    """Draw how far something is; call what it gives with each step. Nothing is drawn for a file or a pipe."""
    with click.progressbar(length=length, label=label, show_pos=show_pos, file=sys.stderr, hidden=not is_drawn()) as drawn:
        yield drawn.update


def is_drawn() -> bool:
    """Whether bars are: for who watches, and wants more than plain text."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


async def existing_site(owner: Owner, id: str) -> dict[str, Any]:
    """A site as the server tells it. Raises ClickException if there is none."""
    found: dict[str, Any] | None = await owner.site(id)
    if found is None:
        raise click.ClickException(f"there is no site {id}: footfall site list shows all")
    return found


def public_address(config: Config, owner: Owner) -> str:
    """Where the server is seen, as far as this command can know."""
    return config.public_url or owner.address or f"http://{config.host}:{config.port}"


def as_typed(config: Config, arguments: str) -> str:
    """A command as this person has to type it: with its path if it is not on theirs, with the folder if it is not the default."""
    typed = Path(sys.argv[0])
    found = shutil.which("footfall")
    program = "footfall" if found and Path(found).resolve() == typed.resolve() else os.path.relpath(typed)
    if typed.name == "__main__.py":
        program = "python -m footfall"
    default = load({}, {k: v for k, v in os.environ.items() if k != "FOOTFALL_DATA_FOLDER"}, None).data_folder
    folder = "" if config.data_folder == default else f" --data-folder {shlex.quote(str(config.data_folder))}"
    return f"{program} {arguments}{folder}"
