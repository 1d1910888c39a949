"""`serve`, `demo`, and the link that sets the owner's password."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

import click

from footfall.cli.command import Finite, as_typed, check_folder, configured, public_address, with_owner
from footfall.config import Config
from footfall.http.plain import script_line

if TYPE_CHECKING:
    from footfall.admin import Owner
    from footfall.model import Site


@click.command(epilog="\b\nExamples:\n  footfall serve\n  footfall serve --data-folder ./data --port 9000\n"
              "  footfall serve --trusted-proxies 10.0.0.0/8 --public-url https://stats.example")  # fmt: skip
@configured()
def serve(config: Config) -> None:
    """Start the server. Ctrl-C or SIGTERM stops it when everything is written."""
    from footfall.serve import Running  # here, so that --help does not load a server
    from footfall.serve import serve as run

    def started(server: Running) -> None:
        click.echo(_welcome(config, server.address, server.welcome, server.house.sites.values()))

    run(config, started)


@click.command(
    short_help="Fill the history of a cluster.",
    epilog="\b\nExample:\n  footfall sink --cluster nats://10.0.0.1:4222 --clickhouse http://10.0.0.9:8123/footfall",
)
@configured("cluster", "cluster_partitions", "cluster_replicas", "clickhouse", "metrics_listen", "log_format")
def sink(config: Config) -> None:
    """Carry what a cluster's nodes were told from its journal into ClickHouse. One such process is enough; several
    share the parts of the journal, and take over from each other. Ctrl-C or SIGTERM stops it."""
    from footfall.fill import fill

    fill(config)


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
    lines += [f"  add a site   {as_typed(config, 'site add blog --host blog.example')}"]
    lines += [f"  see it alive {as_typed(config, 'demo')}"]
    return "\n".join(lines)


def welcome_link(public: str, token: str) -> str:
    """Where the owner's password is set, once."""
    return f"{public}/welcome?token={token}"


@click.command(
    short_help="Send believable readers to a site of their own.",
    epilog="\b\nExamples:\n  footfall demo\n  footfall demo --readers 200 --seconds 60\n  footfall demo --remove",
)
@click.option("--readers", type=click.IntRange(1, 2000), default=40, show_default=True, help="About how many are here at a time.")
@click.option("--seconds", type=Finite(min=1), help="Stop after that long [default: at Ctrl-C]")
@click.option("--remove", is_flag=True, help="Remove the demo's site with all its data.")
@configured("data_folder", "host", "port", "public_url")
def demo(config: Config, readers: int, seconds: float | None, remove: bool) -> None:
    """Send believable readers to a site of their own, `demo`, through the real doors.

    Talks to the server that runs on the data folder, or starts one.
    """
    if remove:
        check_folder(config)
    from footfall.demo import run

    if remove:
        asyncio.run(run.remove(config))
        return
    with suppress(KeyboardInterrupt, asyncio.CancelledError):  # the way to end it
        asyncio.run(run.demo(config, readers, seconds))


@click.command(short_help="Print a link that sets the owner's password.")
@configured("data_folder", "public_url")
def password(config: Config) -> None:
    """Print a link that sets the owner's password; good once, like every one before it only until the next.

    A new password ends every session of every browser.
    """

    async def welcome(owner: Owner) -> None:
        click.echo(welcome_link(public_address(config, owner), await owner.welcome()))
        if not owner.address:
            click.echo("It works when the server runs: footfall serve", err=True)

    with_owner(config, welcome)
