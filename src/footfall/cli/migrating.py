"""`migrate`: from one machine to a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import click

from footfall.cli.command import bar, check_folder, configured
from footfall.config import Config
from footfall.errors import Busy, HistoryFailed


class _Screen:
    """Who looks on is a person."""

    def say(self, text: str) -> None:
        click.echo(text)

    def bar(self, length: int, label: str) -> AbstractContextManager[Callable[[int], None]]:
        return bar(length, label, show_pos=True)


@click.command(
    short_help="Carry everything into a cluster, while the server goes on.",
    epilog="\b\nExample:\n  footfall migrate --cluster nats://10.0.0.1:4222 --clickhouse http://10.0.0.9:8123/footfall",
)
@configured("data_folder", "cluster", "cluster_partitions", "cluster_replicas", "clickhouse", "log_format")
def migrate(config: Config) -> None:
    """Carry the store in the data folder into a cluster that has no node yet, while its server goes on. It stays the same
    store: the same visitors, sites, password and keys.

    \b
    1. A copy is taken, its rows go into ClickHouse and its state into NATS.
    2. What the server takes meanwhile follows, within a second. Now start
       `footfall sink` and nodes, and point the proxy to them.
    3. Stop the old server: its last records follow, both sides are counted and
       compared, and the command ends. Exit code 1 if anything differs.

    It may be stopped or killed and run again at any time: it goes on where it was. The old store is not changed. While it is
    carried it refuses to erase or reclassify, and keeps the part of its journal that was not carried, for a day at most after
    this command last ran.
    """
    if not config.cluster or not config.clickhouse:
        raise click.UsageError("Name the cluster with --cluster and its history with --clickhouse.")
    check_folder(config)
    from footfall.clock import process_clock  # here, so that --help does not load databases
    from footfall.migrate.run import migrate as carried

    try:
        found = asyncio.run(carried(config, process_clock(), _Screen()))
    except (Busy, HistoryFailed) as error:
        raise click.ClickException(f"{error}\n  Run it again: it goes on where it was.") from error
    for difference in found:
        click.echo(difference)
    if found:
        raise click.ClickException(f"the cluster differs from the old store in {len(found)} places")
    click.echo("All of it is in the cluster: every row, every counted view and every fact since was counted on both sides.")
