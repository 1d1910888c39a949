"""The starter itself: what it says is so, a killed server comes back with its data, nothing outlives `down`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from cluster import Cluster, DidNotStart, NotRunning

ROOT = Path(__file__).resolve().parents[2]


def ask(address: str, statement: str) -> str:
    answer = httpx.post(address, content=statement, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text.strip()


def until(address: str, statement: str, wanted: str) -> None:
    """Replicas agree a moment later."""
    deadline = time.monotonic() + 30
    while ask(address, statement) != wanted:
        assert time.monotonic() < deadline, ask(address, statement)
        time.sleep(0.05)


def test_everything_serves_and_listens_on_loopback_alone(servers: Cluster) -> None:
    assert set(servers.status().values()) == {"serves"}
    pids = {node.pid for node in servers.nodes.values()}
    listening = [found for found in psutil.net_connections("inet") if found.pid in pids and found.status == psutil.CONN_LISTEN]
    assert {found.laddr.ip.removeprefix("::ffff:") for found in listening} == {"127.0.0.1"}
    assert {found.pid for found in listening} == pids


def test_a_killed_replica_catches_up(servers: Cluster) -> None:
    first, second, other, _ = servers.clickhouse_addresses
    create = "CREATE TABLE caught (n UInt8) ENGINE = ReplicatedMergeTree('/caught/{shard}', '{replica}') ORDER BY n"
    ask(first, f"{create.replace('caught ', 'caught ON CLUSTER footfall ', 1)}")
    servers.kill("s1r2")
    assert servers.status()["s1r2"] == "down"
    ask(first, "INSERT INTO caught VALUES (1), (2)")
    servers.start("s1r2")
    until(second, "SELECT count() FROM caught", "2")
    assert ask(other, "SELECT count() FROM caught") == "0", "shards hold different rows"


def test_the_modern_one_keeps_its_data_over_a_kill(servers: Cluster) -> None:
    [address] = servers.modern_addresses
    assert int(ask(address, "SELECT version()").partition(".")[0]) >= 26
    ask(address, "CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n")
    ask(address, "INSERT INTO kept SETTINGS async_insert = 0 VALUES (7)")
    servers.kill("modern")
    with pytest.raises(httpx.ConnectError):
        ask(address, "SELECT 1")
    servers.start("modern")
    assert ask(address, "SELECT n FROM kept") == "7"


def test_by_hand(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cluster", "--folder", str(tmp_path / "by-hand"), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert "no cluster has been brought up" in run("status").stderr
    try:
        told = run("up", "nats").stdout.splitlines()
        assert [line.split()[0] for line in told] == ["nats-1", "nats-2", "nats-3"]
        assert run("kill", "nats-2").returncode == 0
        states = run("status")
        assert [line.split()[1] for line in states.stdout.splitlines()] == ["serves", "down", "serves"]
        assert states.returncode == 1
        assert "there is no 'nats-9'" in run("kill", "nats-9").stderr
        assert run("kill", "nats-3").returncode == 0
        assert run("start", "nats-2", "nats-3").returncode == 0
        assert run("status").returncode == 0
    finally:
        run("down")
    assert run("status").stdout.count(" down ") == 3


def test_a_pid_that_went_to_another_process_is_not_killed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "c", "nats")
    node = cluster.nodes["nats-1"]
    node.folder.mkdir(parents=True)
    (node.folder / "pid.json").write_text(f'{{"pid": {os.getpid()}, "born": 1.0}}')
    assert node.pid is None
    node.signal(signal.SIGKILL)  # would end this very test


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "c", "nats")
    cluster.nodes["nats-1"].command = ["sh", "-c", "echo the disk is made of cheese; exit 3"]
    with pytest.raises(DidNotStart, match=r"nats-1 ended:\nthe disk is made of cheese"), cluster.running():
        pass
    assert set(cluster.status().values()) == {"down"}
    with pytest.raises(NotRunning, match="there is no 'nats-9'"):
        cluster.start("nats-9")
