"""Whatever deploy/ tells Footfall is something that it understands: commands, flags, variables, settings."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.config import load
from tests.deploy.files import COMPOSE, DEPLOY, ROOT, UNITS, check_command, manifests, one, unit


def variables(found: dict[str, str]) -> dict[str, str]:
    return {
        name: value.replace("${SITE_ADDRESS:?the host of your pages, such as stats.example}", "a.example")
        for name, value in found.items()
    }


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units(path: Path) -> None:
    settings = list(unit(path))
    program, *words = shlex.split(dict(settings)["ExecStart"])
    assert program == "/opt/footfall/bin/footfall"
    check_command(words)
    told = dict(value.split("=", 1) for name, value in settings if name == "Environment")
    load({}, told, None)


def test_compose() -> None:
    services = [service for service in one(COMPOSE)["services"].values() if service["image"] == "footfall"]
    assert [service["command"] for service in services] == [["serve"], ["serve"], ["sink"]]
    for service in services:
        check_command(service["command"])
        load({}, variables(service["environment"]), None)
    addresses = {load({}, variables(service["environment"]), None).trusted_proxies for service in services[:2]}
    assert addresses == {(one(COMPOSE)["services"]["proxy"]["networks"]["default"]["ipv4_address"],)}


def test_kubernetes() -> None:
    found = [c for document in manifests("Deployment") for c in document["spec"]["template"]["spec"]["containers"]]
    assert [container["args"] for container in found] == [["serve"], ["sink"]]
    for container in found:
        check_command(container["args"])
        load({}, {entry["name"]: entry["value"] for entry in container["env"]}, None)


def test_the_image() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    [entry], [command] = re.findall(r"^ENTRYPOINT (.*)$", text, re.M), re.findall(r"^CMD (.*)$", text, re.M)
    assert entry == '["footfall"]'
    check_command(re.findall(r'"([^"]+)"', command))
    [told] = re.findall(r"^ENV (.*)$", text, re.M)
    load({}, dict(word.split("=", 1) for word in shlex.split(told)), None)


def test_documents() -> None:
    for path in DEPLOY / "README.md", DEPLOY / "runbook.md":
        text = path.read_text("utf-8")
        load({}, dict(re.findall(r"(FOOTFALL_[A-Z_]+)=([^\s`]+)", text)), None)


def test_the_secrets_are_settings(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DEPLOY / "make-secrets"), str(tmp_path / "s")], cwd=ROOT, check=True, capture_output=True)
    config = load({}, {}, (tmp_path / "s" / "footfall.toml").read_text("utf-8"))
    assert config != load({}, {}, None)


def test_metrics_are_asked_for_where_they_are() -> None:
    """By Prometheus, health checks and annotations; and a collector and a sink may be on one machine."""
    jobs = one(DEPLOY / "monitoring" / "prometheus.yaml")["scrape_configs"]
    targets = {target for job in jobs for config in job["static_configs"] for target in config["targets"]}
    services = {name: found for name, found in one(COMPOSE)["services"].items() if found["image"] == "footfall"}
    told = {f"{name}:{port(found['environment']['FOOTFALL_METRICS_LISTEN'])}" for name, found in services.items()}
    assert told <= targets
    [sink] = [target for target in told if target.startswith("sink:")]
    assert f"127.0.0.1:{port(sink)}/healthz" in str(services["sink"]["healthcheck"]["test"])
    for found in manifests("Deployment"):
        pod, [container] = found["spec"]["template"], found["spec"]["template"]["spec"]["containers"]
        [listens] = [entry["value"] for entry in container["env"] if entry["name"] == "FOOTFALL_METRICS_LISTEN"]
        [named] = [entry["containerPort"] for entry in container["ports"] if entry["name"] == "metrics"]
        assert port(listens) == str(named) == pod["metadata"]["annotations"]["prometheus.io/port"]
    units = {path.stem: re.findall(r"--metrics-listen (\S+)", path.read_text("utf-8")) for path in UNITS}
    assert units["footfall-sink"] not in (units["footfall-collector"], [])


def port(listens: str) -> str:
    """Of an address."""
    return listens.rpartition(":")[2]
