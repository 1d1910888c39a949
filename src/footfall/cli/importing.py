"""`import`: what was counted elsewhere comes in."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from footfall.cli.command import as_typed, configured, existing_site, is_drawn, with_owner
from footfall.config import Config

if TYPE_CHECKING:
    from footfall.admin import Owner
    from footfall.moving.run import Report, Tally

FAULTS_TOLD = 20
CALM_SECONDS = 10.0  # between two lines where no bar can be drawn


@click.group("import")
def import_() -> None:
    """Bring in what was counted elsewhere.

    Works while a server runs, and without one.
    """


EXAMPLES = """\b
Examples:
  npx convex export --prod --path export.zip
  footfall import convex export.zip
  footfall import convex export.zip --site blog"""


@import_.command("convex", epilog=EXAMPLES)
@click.argument("export", type=click.Path(exists=True, path_type=Path))
@click.option("--site", "id", help="Whose views they are [default: the site, if there is only one]")
@configured("data_folder")
def convex(config: Config, export: Path, id: str | None) -> None:
    """Views, posts and pages of the original. EXPORT: the zip file that its platform exports, or the folder it unpacks to.

    Stopped or killed, it is simply run again. The same file twice adds nothing; a later one adds what is new.
    Exit code 1 if not everything in the file is there in the end.
    """
    from footfall.moving.export import open_export  # here, so that --help does not load what it needs
    from footfall.moving.run import Move

    with open_export(export) as tables:

        async def move(owner: Owner) -> None:
            site = await existing_site(owner, id or await _only_site(owner))
            with Telling(sum(table.size for table in tables)) as telling:
                report = await Move(owner, site["id"], telling.fault, telling.moved, telling.waiting).run(tables)
            _tell(config, report, site, telling.faults)

        with_owner(config, move)


async def _only_site(owner: Owner) -> str:
    from footfall.demo.world import SITE as DEMO  # here, like all that --help can do without

    ids = [site["id"] for site in await owner.sites() if site["id"] != DEMO]
    if len(ids) != 1:
        raise click.UsageError(
            f"--site: say which one, of {', '.join(ids)}" if ids else "there is no site: footfall site add blog"
        )
    return str(ids[0])


class Telling:
    """How far it is: a bar on a terminal, a line now and then elsewhere. Faults go to the error output."""

    def __init__(self, size: int) -> None:
        self._bar = click.progressbar(length=max(1, size), label="import", file=sys.stderr) if is_drawn() else None
        self._size = size
        self._at = 0
        self._told = time.monotonic()
        self.faults = 0

    def __enter__(self) -> Telling:
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)

    def moved(self, read: int, tally: Tally) -> None:
        """So many bytes of the file are done."""
        if self._bar is not None:
            self._bar.update(read - self._at)
        elif time.monotonic() >= self._told + CALM_SECONDS:
            self._say(f"{read * 100 // max(1, self._size)} %: {tally.in_file:,} of {tally.table} read, {tally.added:,} imported")
        self._at = read

    def waiting(self, why: str) -> None:
        """The server takes nothing just now."""
        if time.monotonic() >= self._told + CALM_SECONDS:
            self._say(f"waiting: {why}")

    def fault(self, text: str) -> None:
        """A line was refused; the first ones are told."""
        self.faults += 1
        if self.faults <= FAULTS_TOLD:
            self._say(text)

    def _say(self, text: str) -> None:
        self._told = time.monotonic()
        click.echo(f"\n{text}" if self._bar is not None else text, err=True)


def _tell(config: Config, report: Report, site: dict[str, Any], faults: int) -> None:
    """The counts, compared with the file's own."""
    if faults > FAULTS_TOLD:
        click.echo(f"and {faults - FAULTS_TOLD:,} more lines were refused", err=True)
    for tally in report.tallies:
        here = f", {tally.gone:,} gone since" if tally.gone else ""
        counts = f"{tally.added:,} imported, {tally.known:,} already there{here}, {tally.refused:,} refused"
        click.echo(f"{tally.table:<14} {tally.in_file:>10,} in the file: {counts}")
    click.echo(f"{site['id']} has {report.after:,} views from exports; it had {report.before:,} before.")
    if not report.agrees:
        raise click.ClickException("the counts are not those of the file: see above")
    click.echo("The counts are those of the file.")
    if "convex" not in site:
        click.echo("What comes next is in docs/moving-from-the-original.md: Switch the clients.")
    elif site["convex"] == "off":
        click.echo(f"To let the original's own clients in: {as_typed(config, 'site edit ' + site['id'] + ' --convex rounded')}")
