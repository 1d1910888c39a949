"""A node is made of what one machine is made of; tests/unit/test_layers.py says that none of it could tell where it is."""

from __future__ import annotations

from pathlib import Path

from footfall.engine import Engine
from footfall.live.fold import Fold
from tests.http.conftest import Running, serve
from tests.nats_server import NatsServer


def parts(server: Running) -> dict[str, type]:
    """Fold, hub, intake, doors and all else that has no word in where records go."""
    house, doors = server.house, server.app._doors
    named = {name: getattr(house, name) for name in ("hub", "intake", "imports", "original", "access", "keys", "contents")}
    named |= {name: getattr(doors, name) for name in ("collect", "live", "_convex", "_sockets", "_router")}
    return {name: type(part) for name, part in (named | {"fold": house.engine.fold}).items()}


async def test_fold_hub_and_doors_are_the_same_classes(tmp_path: Path, nats: NatsServer) -> None:
    """The engine is one too, that follows what others append as well."""
    async with serve(tmp_path / "alone") as alone, serve(tmp_path / "node", cluster=(nats.address,), cluster_replicas=1) as node:
        assert parts(node) == parts(alone)
        assert parts(node)["fold"] is Fold
        assert isinstance(node.house.engine, Engine)
