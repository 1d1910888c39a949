"""The command line: `script/cluster`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from cluster import PARTS, Cluster, DidNotStart, Missing, NotRunning, programs

ROOT = Path(__file__).resolve().parent.parent


@click.group(
    help="A real cluster on this machine, on loopback alone. " + "; ".join(f"{part}: {what}" for part, what in PARTS.items())
)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=ROOT / "data" / "cluster", help="Where its state and data are."
)
@click.pass_context
def main(context: click.Context, folder: Path) -> None:
    context.obj = folder


@main.command()
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
@click.pass_obj
def up(folder: Path, parts: tuple[str, ...]) -> None:
    """Start PARTS, or all of them, and say where they are."""
    began = time.monotonic()
    cluster = Cluster(folder, *parts)
    cluster.up()
    for name, node in cluster.nodes.items():
        click.echo(f"{name:10} {node.address}")
    click.echo(f"All of it serves, after {time.monotonic() - began:.1f} s; its data is in {cluster.folder}", err=True)
    if cluster.nats_addresses and cluster.clickhouse_addresses + cluster.modern_addresses:
        click.echo(f"\nfootfall serve {flags(cluster)}\nfootfall sink {flags(cluster)}")


@main.command()
@click.pass_obj
def down(folder: Path) -> None:
    """Stop all of it. The data stays."""
    Cluster.found(folder).down()


@main.command()
@click.argument("name")
@click.pass_obj
def kill(folder: Path, name: str) -> None:
    """SIGKILL for one server."""
    Cluster.found(folder).kill(name)


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def start(folder: Path, names: tuple[str, ...]) -> None:
    """Start servers again that were killed. Where most of NATS is down, name these together: one alone does not serve."""
    Cluster.found(folder).start(*names)


@main.command()
@click.pass_obj
def status(folder: Path) -> None:
    """Say of each server whether it serves; exit with 1 unless all do."""
    cluster = Cluster.found(folder)
    states = cluster.status()
    for name, state in states.items():
        click.echo(f"{name:10} {state:7} {cluster.nodes[name].address}")
    sys.exit(0 if set(states.values()) == {"serves"} else 1)


@main.command()
def fetch() -> None:
    """Fetch the servers' programs into the cache, and start nothing."""
    programs.fetch()


def flags(cluster: Cluster) -> str:
    """What Footfall is told."""
    clickhouse = cluster.modern_addresses or cluster.clickhouse_addresses
    return f"--cluster {','.join(cluster.nats_addresses)} --clickhouse {','.join(clickhouse)}"


if __name__ == "__main__":
    try:
        main(prog_name="script/cluster")
    except (DidNotStart, Missing, NotRunning) as error:
        sys.exit(str(error))
