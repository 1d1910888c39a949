"""What lies in deploy/, read: YAML documents, and which hosts each file speaks of."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import yaml

from footfall.cli import main

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))

Tree = dict[str, Any]


def one(path: Path) -> Tree:
    """The one document of a YAML file."""
    found: Tree = yaml.safe_load(path.read_text("utf-8"))
    return found


def manifests(*kinds: str) -> list[Tree]:
    """Kubernetes' objects of these kinds, or all."""
    return [document for document in _documents() if not kinds or document["kind"] in kinds]


@cache
def _documents() -> list[Tree]:
    return [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text("utf-8"))]


def unit(path: Path) -> Iterator[tuple[str, str]]:
    """The settings of a systemd unit; a name may come more than once."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            yield name, value


def check_command(words: list[str]) -> None:
    """Fails unless `footfall WORDS` is a command with flags that it has, and values that they take."""
    context = click.Context(main)
    command = main.get_command(context, words[0])
    assert command is not None, f"footfall has no command {words[0]!r}"
    try:
        command.make_context(words[0], list(words[1:]), parent=context).close()
    except click.UsageError as error:
        raise AssertionError(f"footfall {shlex.join(words)}: {error.format_message()}") from error


def hosts(text: str) -> set[str]:
    """The servers that a text speaks of: `nats-0.nats`, `clickhouse-1-0.clickhouse`."""
    return set(re.findall(r"\b(?:nats-\d\.nats|keeper-\d\.keeper|clickhouse-\d-\d\.clickhouse)\b", text))
