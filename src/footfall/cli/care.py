"""Looking after the data: `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from footfall.cli.command import configured, with_owner
from footfall.config import Config

if TYPE_CHECKING:
    from footfall.admin import Owner


@click.command()
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

    with_owner(config, recount)
