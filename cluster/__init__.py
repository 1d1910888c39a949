"""A real cluster on this machine, for tests, benchmarks and hands: NATS, ClickHouse and ZooKeeper, on loopback alone.

    with Cluster(folder, "nats", "modern").running() as cluster:
        cluster.nats_addresses, cluster.clickhouse_addresses
        cluster.kill("nats-1")     # SIGKILL
        cluster.start("nats-1")    # the same ports, the same data

It knows nothing of Footfall. `script/cluster` is the same by hand.
"""

from cluster.cluster import PARTS, Cluster, NotRunning, free_ports
from cluster.node import DidNotStart
from cluster.programs import Missing

__all__ = ["PARTS", "Cluster", "DidNotStart", "Missing", "NotRunning", "free_ports"]
