"""What leaves the data folder and comes back: `backup`, `restore`, `export`, `import footfall`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from footfall import manifest
from footfall.cli.command import as_typed, bar, configured, is_drawn, with_owner
from footfall.config import Config
from footfall.convex.setting import OFF, WARNING
from footfall.errors import ArchiveRefused
from footfall.manifest import FORMATS, Manifest

if TYPE_CHECKING:
    from footfall.admin import Owner
    from footfall.model import Site

T = TypeVar("T")
MIB = 1 << 20
LOOK_SECONDS = 0.2
FOLDER = click.Path(path_type=Path, file_okay=False)
NOT_SETTINGS = frozenset({"id", "created", "numbered"})  # of a site; all else comes back with an import


@click.command(short_help="Write a backup of everything into a new folder.")
@click.argument("dest", type=FOLDER)
@configured("data_folder")
def backup(config: Config, dest: Path) -> None:
    """Write a backup of everything into the new folder DEST, while a server runs or without one.

    It holds the keys of the data folder: keep it as private. It does not hold the salts of the last two days.
    """

    _check_new(dest)

    async def make(owner: Owner) -> None:
        told = await _delivered(config, owner.back_up, dest)
        click.echo(f"{dest} is a whole backup: {told.bytes / MIB:,.1f} MiB in {len(told.files)} files.")

    with_owner(config, make)


@click.command(short_help="Make the data folder from a backup.")
@click.argument("backup", type=FOLDER)
@configured("data_folder")
def restore(config: Config, backup: Path) -> None:
    """Make the data folder from BACKUP. One that holds data already is left as it is."""
    from footfall.backup import restore as restored

    told = manifest.read(backup, "backup")
    with bar(told.bytes, "Copying") as moved:
        restored(backup, config.data_folder, moved)
    click.echo(f"{config.data_folder} is what was backed up. Count again: {as_typed(config, 'verify')}")


@click.command(short_help="Write every row as CSV or Parquet.", epilog="\b\nExamples:\n"
               "  footfall export blog-2026\n  footfall export all.parquet --format parquet\n"
               "  footfall export blog-2026 --site blog")  # fmt: skip
@click.argument("dest", type=FOLDER)
@click.option("--site", "sites", multiple=True, help="A site [default: all]; repeatable")
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="Of the files.")
@configured("data_folder")
def export(config: Config, dest: Path, sites: Sequence[str], form: str) -> None:
    """Write every row and the settings of sites into the new folder DEST, for other programs and for import footfall."""

    _check_new(dest)

    async def make(owner: Owner) -> None:
        told = await _delivered(config, lambda: owner.export(sites, form), dest)
        rows = sum(file.rows for file in told.files.values())
        click.echo(f"{dest}: {rows:,} rows of {', '.join(site.id for site in told.sites)}; {told.bytes / MIB:,.1f} MiB.")

    with_owner(config, make)


def _check_new(dest: Path) -> None:
    if dest.exists():
        raise ArchiveRefused(f"{dest} is there already", "name a folder that does not exist yet")


async def _delivered(config: Config, make: Callable[[], Awaitable[Manifest]], dest: Path) -> Manifest:
    """Have files made in the data folder and take them to `dest`."""
    outgoing = config.data_folder / "outgoing"
    told = await _watched(asyncio.ensure_future(make()), outgoing)
    with bar(told.bytes, f"Taking it to {dest}") as moved:
        await asyncio.to_thread(manifest.deliver, outgoing, told, dest, moved)
    return told


async def _watched(making: asyncio.Future[T], outgoing: Path) -> T:
    """Tell how large what is being made has become, on a terminal."""
    while not making.done():
        await asyncio.wait([making], timeout=LOOK_SECONDS)
        if is_drawn():
            click.echo(f"\rWriting: {_size(outgoing) / MIB:,.1f} MiB ", nl=making.done(), err=True)
    return making.result()


def _size(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except FileNotFoundError:  # it is not there yet, or a file has just gone
        return 0


@click.command("footfall", short_help="Take back what footfall export wrote.", epilog="\b\nExamples:\n"
               "  footfall import footfall blog-2026\n"
               "  footfall import footfall all --site blog --as old-blog")  # fmt: skip
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--site", help="Only this one of its sites.")
@click.option("--as", "name", help="What that one is called here [default: what it was called]")
@configured("data_folder", "public_url")
def import_footfall(config: Config, path: Path, site: str | None, name: str | None) -> None:
    """Take back what `footfall export` wrote into PATH: rows and settings, each site into one that is new or empty."""
    told = manifest.read(path, "export")
    chosen = [found for found in told.sites if site in (None, found.id)]
    if not chosen or (name and len(chosen) > 1):
        raise click.UsageError(f"Name one of its sites with --site: {', '.join(found.id for found in told.sites)}.")
    with bar(told.bytes, "Checking") as moved:
        manifest.check(path, told, moved)

    async def take(owner: Owner) -> None:
        for found in chosen:
            await _take_back(owner, path, told, found, name or found.id)

    with_owner(config, take, new=True)


async def _take_back(owner: Owner, path: Path, told: Manifest, site: Site, id: str) -> None:
    from footfall.history.incoming import TABLES, chunks  # here, so that --help does not load a database

    if await owner.site(id) is not None and any((await owner.erase(id, dry_run=True))["matched"]):
        raise click.ClickException(f"{id} holds data already: --as gives another name, footfall site remove {id} empties it")
    settings = {name: value for name, value in msgspec.to_builtins(site).items() if name not in NOT_SETTINGS and value != ""}
    await owner.put(id, **settings)
    files = {table: f for table in TABLES for f in told.files if f.rpartition(".")[0] == f"{site.id}.{table}"}
    taken, expected = 0, sum(told.files[file].rows for file in files.values())
    try:
        with bar(expected, id, show_pos=True) as moved:
            for table, file in files.items():
                for chunk in chunks(path / file, id, table):
                    taken += await owner.adopt(chunk)
                    moved(len(getattr(chunk, table)))
    except BaseException:
        click.echo(f"Only a part of {id} was taken. Begin anew after: footfall site remove {id}", err=True)
        raise
    if site.convex != OFF:
        click.echo(f"{id} lets the original's own clients in, as it did where it was. {WARNING}", err=True)
    facts = told.files[files["facts"]].rows
    click.echo(f"{id}: {taken:,} of {facts:,} facts, {expected:,} rows in all.")
    if taken != facts:
        raise click.ClickException(f"{facts - taken:,} views of too many different paths were left out")
