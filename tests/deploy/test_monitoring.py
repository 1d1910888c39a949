"""Alarms and dashboard speak of metrics that there are, and the runbook of the alarms that there are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from footfall.config import Config
from footfall.house import open_house
from footfall.http.app import create_app
from tests.deploy.files import DEPLOY, one
from tests.nats_server import nats_server

MONITORING = DEPLOY / "monitoring"
OTHERS = {  # not ours: of Prometheus itself, of NATS's exporter, of ClickHouse
    "up",
    "gnatsd_varz_connections",
    "ClickHouseMetrics_ReadonlyReplica",
    "ClickHouseAsyncMetrics_ReplicasMaxAbsoluteDelay",
}
FUNCTIONS = {
    *(
        "absent",
        "and",
        "avg_over_time",
        "by",
        "count",
        "delta",
        "increase",
        "instance",
        "label_values",
        "min_over_time",
        "offset",
        "or",
    ),
    *("max", "rate", "sum", "topk"),
}


async def served(folder: Path) -> str:
    """What a server's /metrics tells."""
    house = await open_house(Config(data_folder=folder))
    try:
        app = create_app(house=house)
        async with app.running():
            owner = {"authorization": f"Bearer {house.folder.owner_key}"}
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a", headers=owner) as client:
                return (await client.get("/metrics")).raise_for_status().text
    finally:
        await house.close()


def told_by_a_sink(folder: Path, port: int) -> tuple[str, httpx.Response]:
    """What a sink's /metrics tells, and its /healthz while there is no ClickHouse."""
    with nats_server(folder) as nats, (folder / "sink.log").open("wb") as log:
        flags = ["--cluster", nats.address, "--cluster-replicas", "1", "--clickhouse", "http://127.0.0.1:1/nothing"]
        command = [sys.executable, "-m", "footfall", "sink", *flags, "--metrics-listen", f"127.0.0.1:{port}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        sink = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    health = httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
                    if health.json()["reason"] != "starting":
                        return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).raise_for_status().text, health
                except httpx.TransportError:
                    assert sink.poll() is None, (folder / "sink.log").read_text()
                assert time.monotonic() < deadline, (folder / "sink.log").read_text()
                time.sleep(0.05)
        finally:
            sink.kill()
            sink.wait()


def names(told: str) -> set[str]:
    """Of what a process tells."""
    families = text_string_to_metric_families(told)
    suffixes = {"counter": ("_total",), "summary": ("_sum", "_count"), "gauge": ("",)}
    return {family.name + suffix for family in families for suffix in suffixes[family.type]}


def expressions() -> Iterator[str]:
    for group in one(MONITORING / "alerts.yaml")["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    dashboard = json.loads((MONITORING / "dashboard.json").read_bytes())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    yield from (found["query"] for found in dashboard["templating"]["list"] if found["type"] == "query")


def metrics(expression: str) -> set[str]:
    """The names of an expression that are no label, function or span."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|\b(?:by|without|on)\s*\([^)]*\)|\b\d\w*", " ", expression)
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", bare)) - FUNCTIONS


async def test_every_metric_is_one_that_is_served(tmp_path: Path, unused_tcp_port: int) -> None:
    """By a server, or by a sink; one that has no ClickHouse says so."""
    sink, health = told_by_a_sink(tmp_path / "nats", unused_tcp_port)
    assert health.status_code == 503
    assert "ClickHouse cannot be reached" in health.json()["reason"]
    ours = names(await served(tmp_path / "data")) | names(sink)
    for expression in expressions():
        assert metrics(expression), expression
        assert metrics(expression) <= ours | OTHERS, expression


def test_labels_are_those_of_the_metrics() -> None:
    known = {"footfall_requests_total": {"door", "status"}, "footfall_facts_total": {"site", "door", "outcome", "reason"}}
    sink = "holds", "lag_messages", "lag_seconds", "pending_bytes", "rows_total", "append_seconds_sum", "append_seconds_count"
    known |= {f"footfall_sink_{name}": {"partition"} for name in sink}
    for expression in expressions():
        for name, inside in re.findall(r"(\w+)\{([^}]*)\}", expression):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside))
            assert labels <= known.get(name, set()) | {"instance", "job"}, expression
        grouped = {label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in re.findall(r"\w+", labels)}
        assert grouped <= {"instance"}.union(*(known.get(name, set()) for name in metrics(expression))), expression


def test_the_runbook_has_an_entry_for_each_alarm() -> None:
    rules = [rule for group in one(MONITORING / "alerts.yaml")["groups"] for rule in group["rules"]]
    assert re.findall(r"^## (\w+)$", (DEPLOY / "runbook.md").read_text(), re.M) == [rule["alert"] for rule in rules]
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}
    jobs = {job["job_name"] for job in one(MONITORING / "prometheus.yaml")["scrape_configs"]}
    for rule in rules:
        for pattern in re.findall(r'job=~?"([^"]+)"', rule["expr"]):
            assert any(re.fullmatch(pattern, job) for job in jobs)
