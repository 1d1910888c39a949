"""`key`: keys of programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from footfall.cli.command import configured, with_owner
from footfall.config import Config

if TYPE_CHECKING:
    from footfall.admin import Owner


@click.group()
def key() -> None:
    """Keys of programs: to ask for figures or to change settings.

    \b
    Examples:
      footfall key make "my script" --site blog
      footfall key make deploy --scope write
      footfall key list
      footfall key revoke 1f3c9a20

    Works while a server runs, and without one.
    """


@key.command("make")
@click.argument("name")
@click.option("--site", default="", help="The only site it is good for [default: all]")
@click.option(
    "--scope",
    type=click.Choice(["read", "write", "admin"]),
    default="read",
    help="What it may do: read figures, write goals and the like as well, or administer [default: read]",
)
@configured("data_folder")
def key_make(config: Config, name: str, site: str, scope: str) -> None:
    """Make a key and print it, this once. NAME: what it is for."""

    async def make(owner: Owner) -> None:
        made = await owner.make_key(name, site, scope)
        click.echo(made["key"])
        click.echo(f"Keep it: it is not shown again. footfall key revoke {made['id']} ends it.", err=True)

    with_owner(config, make)


@key.command("list")
@configured("data_folder")
def key_list(config: Config) -> None:
    """Every key: id, what it may do, its site, when it was made, its name."""

    async def show(owner: Owner) -> None:
        for found in await owner.keys():
            made = datetime.fromtimestamp(found["created"] / 1000, UTC).date()
            click.echo(f"{found['id']}  {found['scope']:<5}  {found['site'] or 'all sites':<32}  {made}  {found['name']}")

    with_owner(config, show)


@key.command("revoke")
@click.argument("id")
@configured("data_folder")
def key_revoke(config: Config, id: str) -> None:
    """End a key: from now on it opens nothing."""

    async def revoke(owner: Owner) -> None:
        click.echo(f"{(await owner.revoke_key(id))['name']} is revoked.")

    with_owner(config, revoke)
