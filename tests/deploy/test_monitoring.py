"""Alarms and dashboard speak of metrics that there are, and the runbook of the alarms that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from footfall.config import Config
from footfall.house import open_house
from footfall.http.app import create_app
from tests.deploy.files import DEPLOY, one

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
    *("rate", "sum", "topk"),
}


async def served(folder: Path) -> set[str]:
    """The names that /metrics has."""
    house = await open_house(Config(data_folder=folder))
    try:
        app = create_app(house=house)
        async with app.running():
            owner = {"authorization": f"Bearer {house.folder.owner_key}"}
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a", headers=owner) as client:
                told = (await client.get("/metrics")).raise_for_status().text
    finally:
        await house.close()
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


async def test_every_metric_is_one_that_is_served(tmp_path: Path) -> None:
    ours = await served(tmp_path / "data")
    for expression in expressions():
        assert metrics(expression), expression
        assert metrics(expression) <= ours | OTHERS, expression


def test_labels_are_those_of_the_metrics() -> None:
    known = {"footfall_requests_total": {"door", "status"}, "footfall_facts_total": {"site", "door", "outcome", "reason"}}
    for expression in expressions():
        for name, inside in re.findall(r"(\w+)\{([^}]*)\}", expression):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside))
            assert labels <= known.get(name, set()) | {"instance", "job"}, expression


def test_the_runbook_has_an_entry_for_each_alarm() -> None:
    rules = [rule for group in one(MONITORING / "alerts.yaml")["groups"] for rule in group["rules"]]
    assert re.findall(r"^## (\w+)$", (DEPLOY / "runbook.md").read_text(), re.M) == [rule["alert"] for rule in rules]
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}
    jobs = {job["job_name"] for job in one(MONITORING / "prometheus.yaml")["scrape_configs"]}
    for rule in rules:
        for pattern in re.findall(r'job=~?"([^"]+)"', rule["expr"]):
            assert any(re.fullmatch(pattern, job) for job in jobs)
