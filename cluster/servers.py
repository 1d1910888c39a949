"""The nodes of each part, with their configurations: NATS, the old ClickHouse with ZooKeeper, the modern ClickHouse.

Whatever they listen on is 127.0.0.1. They have no password: nobody but this machine reaches them, and they hold test data.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from cluster import programs
from cluster.node import Node

LOCAL = "127.0.0.1"
CLUSTER = "footfall"  # the name in remote_servers, for ON CLUSTER and Distributed

NATS = """server_name: {name}
listen: "127.0.0.1:{client}"
http: "127.0.0.1:{monitor}"
jetstream {{ store_dir: "{folder}/data", max_mem: 256MB, max_file: 10GB }}
cluster {{ name: footfall, listen: "127.0.0.1:{route}", routes: [{routes}] }}
"""

ZOOKEEPER = """tickTime=2000
dataDir={folder}/data
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=stat
autopurge.purgeInterval=1
"""

CLICKHOUSE = """<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port><tcp_port>{tcp}</tcp_port>
  <interserver_http_host>127.0.0.1</interserver_http_host><interserver_http_port>{inter}</interserver_http_port>
  <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
  <users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
  <timezone>UTC</timezone><mlock_executable>false</mlock_executable>
  <mark_cache_size>67108864</mark_cache_size><uncompressed_cache_size>0</uncompressed_cache_size>
  <zookeeper><node><host>127.0.0.1</host><port>{zookeeper}</port></node><session_timeout_ms>6000</session_timeout_ms></zookeeper>
  <macros><shard>{shard}</shard><replica>{name}</replica></macros>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <remote_servers><{cluster}>{shards}</{cluster}></remote_servers>
</yandex>
"""

USERS = """<yandex>
  <profiles><default>
    <insert_distributed_sync>1</insert_distributed_sync><insert_quorum_timeout>10000</insert_quorum_timeout>
    <connect_timeout>2</connect_timeout><background_pool_size>4</background_pool_size><max_memory_usage>2000000000</max_memory_usage>
  </default></profiles>
  <users><default>
    <password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
  </default></users>
  <quotas><default></default></quotas>
</yandex>
"""

MODERN = """<clickhouse>
  <logger><level>warning</level></logger>
  <timezone>UTC</timezone><mark_cache_size>67108864</mark_cache_size>
  <remote_servers><{cluster}>{shards}</{cluster}></remote_servers>
</clickhouse>
"""
# The library is clickhouse-local: it listens while this statement runs, which is for ever.
LISTEN = """SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; SELECT sleepEachRow(3) FROM numbers(1000000000)
SETTINGS max_block_size=1, function_sleep_max_microseconds_per_block=0 FORMAT Null"""


def nats(name: str, folder: Path, ports: dict[str, int], routes: list[int]) -> Node:
    """One of the NATS servers; it is healthy when it has found the others."""
    text = NATS.format(
        name=name,
        folder=folder,
        client=ports["client"],
        monitor=ports["monitor"],
        route=ports["route"],
        routes=", ".join(f'"nats://127.0.0.1:{port}"' for port in routes),
    )
    return Node(
        name,
        folder,
        f"nats://{LOCAL}:{ports['client']}",
        [programs.beside_python("nats-server"), "-c", "nats.conf"],
        lambda: _answers(f"http://{LOCAL}:{ports['monitor']}/healthz"),
        lambda: _write(folder, {"nats.conf": text}),
    )


def zookeeper(name: str, folder: Path, ports: dict[str, int]) -> Node:
    """The one that the replicas agree by."""
    path = [str(folder), *(f"{root}/usr/share/java/*" for root in {programs.debian(), programs.SYSTEM})]
    main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
    return Node(
        name,
        folder,
        f"{LOCAL}:{ports['client']}",
        [programs.java(), "-Xmx256m", "-XX:+UseSerialGC", "-cp", os.pathsep.join(path), main, "zoo.cfg"],
        lambda: _zookeeper_serves(ports["client"]),
        lambda: _write(folder, {"zoo.cfg": ZOOKEEPER.format(folder=folder, port=ports["client"])}),
    )


def clickhouse(name: str, folder: Path, ports: dict[str, int], keeper: int, shards: list[list[int]]) -> Node:
    """A replica of a shard of ClickHouse 18.16: `s2r1` is the first of the second shard."""
    root = programs.debian()
    described = "".join(f"<shard><internal_replication>true</internal_replication>{_replicas(shard)}</shard>" for shard in shards)
    text = CLICKHOUSE.format(
        folder=folder, zookeeper=keeper, name=name, shard=name[1], cluster=CLUSTER, shards=described, **ports
    )
    libraries = [str(found) for found in (root / "usr/lib", root / "lib") for found in found.glob("*-linux-gnu")]
    return Node(
        name,
        folder,
        f"http://{LOCAL}:{ports['http']}",
        [str(root / "usr/sbin/clickhouse-server"), "--config-file=config.xml"],
        lambda: _asked(ports["http"], "SELECT count() FROM system.zookeeper WHERE path = '/'"),
        lambda: _write(folder, {"config.xml": text, "users.xml": USERS}),
        {"LD_LIBRARY_PATH": os.pathsep.join(libraries)},
    )


def modern(name: str, folder: Path, ports: dict[str, int], shards: Sequence[int] = ()) -> Node:
    """A modern ClickHouse: it replicates nothing, and takes no statement for a whole cluster. `shards`: the ports of those of its
    cluster, if it is not alone."""
    described = "".join(f"<shard>{_replicas([port])}</shard>" for port in shards or [ports["tcp"]])
    flags = [f"--path={folder}/data", f"--listen_host={LOCAL}", f"--http_port={ports['http']}", f"--tcp_port={ports['tcp']}"]
    program = [sys.executable, str(Path(__file__).with_name("modern.py")), str(programs.libchdb())]
    return Node(
        name,
        folder,
        f"http://{LOCAL}:{ports['http']}",
        [*program, "--config-file=config.xml", *flags, f"--query={LISTEN}"],
        lambda: _asked(ports["http"], "SELECT 1"),
        lambda: _write(folder, {"config.xml": MODERN.format(cluster=CLUSTER, shards=described)}),
    )


def _replicas(ports: list[int]) -> str:
    return "".join(f"<replica><host>127.0.0.1</host><port>{port}</port></replica>" for port in ports)


def _write(folder: Path, files: dict[str, str]) -> None:
    for name in "data", "tmp":
        (folder / name).mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:  # refused, too slow, or any other status
        return False


def _asked(port: int, statement: str) -> bool:
    return _answers(f"http://{LOCAL}:{port}/?{urllib.parse.urlencode({'query': statement})}")


def _zookeeper_serves(port: int) -> bool:
    """An open port is not enough: ClickHouse 18.16 exits when ZooKeeper does not serve yet."""
    try:
        with socket.create_connection((LOCAL, port), timeout=2) as connection:
            connection.sendall(b"stat")
            return b"Mode:" in b"".join(iter(lambda: connection.recv(4096), b""))
    except OSError:
        return False
