"""Secrets are random, in files, nobody else's; what takes them understands them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from cluster import programs
from tests.deploy.files import COMPOSE, DEPLOY, hosts, manifests, one


def make(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(DEPLOY / "make-secrets"), str(folder)], capture_output=True, text=True)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    assert make(tmp_path / "secrets").returncode == 0
    return tmp_path / "secrets"


def test_they_are_random_and_made_once(secrets: Path, tmp_path: Path) -> None:
    assert make(tmp_path / "other").returncode == 0
    assert secrets.stat().st_mode & 0o777 == 0o700
    for file in secrets.iterdir():
        assert file.read_text() != (tmp_path / "other" / file.name).read_text(), "of two clusters no file is the same"
    before = {file: file.read_text() for file in secrets.iterdir()}
    again = make(secrets)
    assert again.returncode == 1
    assert "nothing was changed" in again.stderr
    assert {file: file.read_text() for file in secrets.iterdir()} == before


def test_nats_takes_its_file(secrets: Path, tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "nats" / "nats.conf", tmp_path)
    command = [programs.beside_python("nats-server"), "-t", "-c", "nats.conf"]
    told = subprocess.run(command, cwd=tmp_path, env={**os.environ, "SERVER_NAME": "a"}, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    (secrets / "nats-client.conf").unlink()
    assert subprocess.run(command, cwd=tmp_path, env={**os.environ, "SERVER_NAME": "a"}, capture_output=True).returncode != 0


def test_all_files_mean_the_same_passwords(secrets: Path) -> None:
    settings = tomllib.loads((secrets / "footfall.toml").read_text())
    [client] = set(re.findall(r"nats://footfall:([^@]+)@", str(settings["cluster"])))
    assert f'password: "{client}"' in (secrets / "nats-client.conf").read_text()
    [history] = set(re.findall(r"http://footfall:([^@]+)@", settings["clickhouse"]))
    users = xml.fromstring((secrets / "clickhouse-users.xml").read_text())
    assert users.findtext("users/footfall/password_sha256_hex") == hashlib.sha256(history.encode()).hexdigest()
    default = users.find("users/default")
    assert default is not None
    assert default.get("remove"), "the user without a password is gone"


def test_files_of_configuration_name_the_same_servers(secrets: Path) -> None:
    told = hosts("".join(file.read_text() for file in [*(DEPLOY / "clickhouse").iterdir(), *secrets.iterdir()]))
    compose = {
        alias
        for service in one(COMPOSE)["services"].values()
        for alias in service.get("networks", {}).get("default", {}).get("aliases", ())
    }
    pods = {
        f"{found['metadata']['name']}-{number}.{found['spec']['serviceName']}"
        for found in manifests("StatefulSet")
        for number in range(found["spec"]["replicas"])
    }
    assert told == compose == pods
    assert len(told) == 10


def test_clickhouse_and_keeper_files_agree() -> None:
    servers = xml.fromstring((DEPLOY / "clickhouse" / "cluster.xml").read_text())
    keepers = xml.fromstring((DEPLOY / "clickhouse" / "keeper.xml").read_text())
    asked = [(node.findtext("host"), node.findtext("port")) for node in servers.iterfind("zookeeper/node")]
    port = keepers.findtext("keeper_server/tcp_port")
    there = [(node.findtext("hostname"), port) for node in keepers.iterfind("keeper_server/raft_configuration/server")]
    assert asked == there
    told = {found.get("from_env") for tree in (servers, keepers) for found in tree.iter()} - {None}
    services = one(COMPOSE)["services"].values()
    given = {name for service in services for name in service.get("environment", ()) if not name.startswith(("FOOTFALL_", "GF_"))}
    assert told == given - {"SITE_ADDRESS", "SERVER_NAME"}
