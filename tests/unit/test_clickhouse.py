"""What is put together for ClickHouse: addresses, the text of questions, tables."""

from __future__ import annotations

import re

import pytest

from footfall.errors import HistoryFailed, InvalidInput
from footfall.history import rows as flat
from footfall.history.clickhouse_server import Address
from footfall.history.clickhouse_tables import Layout, statements
from footfall.history.clickhouse_text import translated


def test_an_address_names_servers_a_database_and_a_cluster() -> None:
    """The first one says who asks, and for what; the others are further servers."""
    address = Address.of("http://me:se%40cret@one:8123/stats?cluster=main, http://two:8123")
    assert [str(server) for server in address.servers] == ["http://me:se%40cret@one:8123/", "http://me:se%40cret@two:8123/"]
    assert (address.database, address.cluster) == ("stats", "main")
    assert Address.of("https://one") == Address(Address.of("https://one").servers, "default", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one:8123",
        "ftp://one",
        "http://",
        "http://one/a-b",
        "http://one/a?cluster=x;y",
        "http://one/a?other=1",
        "http://one,http://two/a",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """With a word about what one is."""
    with pytest.raises(InvalidInput, match="a URL such as"):
        Address.of(text)


def test_values_are_named_and_tables_come_along() -> None:
    """None of them is in the text."""
    sql = "SELECT smallest(40, v), inOrder(a, b) FROM open_minutes(?) WHERE x = ? AND y IN (SELECT text FROM texts(?)) AND z < ?"
    text, values, tables = translated(sql, ("[1]", "it's", "[2]", 2**63))
    assert text == (
        "SELECT groupArraySorted(40)(v), tuple(a, b) FROM open_minutes_0 WHERE x = {p0:String}"
        " AND y IN (SELECT text FROM texts_1) AND z < {p1:UInt64}"
    )
    assert values == ["it's", 2**63]
    assert [(table.name, table.rows) for table in tables] == [("open_minutes_0", "[1]"), ("texts_1", "[2]")]


@pytest.mark.parametrize("params", [(), (1, 2), ([1],)])
def test_a_text_and_its_values_fit(params: tuple[object, ...]) -> None:
    """Else nothing is asked."""
    with pytest.raises(HistoryFailed):
        translated("SELECT ?", params)


def test_the_columns_are_those_of_the_rows() -> None:
    """In their order; visits have a version as well."""
    made = "\n".join(statements(Layout("db")))
    for table, columns in {"facts": flat.FACTS, "visits": flat.VISITS, "minutes": flat.MINUTES, "ledger": flat.LEDGER}.items():
        body = re.search(rf"db\.{table} \((.*?)\n\) ENGINE", made, re.DOTALL)
        assert body is not None
        named = [name for name in re.findall(r"^    (\w+) ", body[1], re.MULTILINE) if name not in ("version", "person", "INDEX")]
        assert named == list(columns)


def test_a_cluster_has_shards_and_a_whole() -> None:
    """Replicated by the names that servers give themselves, on all of them."""
    made = list(statements(Layout("db", "main", replicated=True, modern=False)))
    assert made[0].startswith("CREATE TABLE IF NOT EXISTS db.facts_shard ON CLUSTER main (")
    assert "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/db/facts', '{replica}', version)" in made[0]
    assert "Distributed(main, db, facts_shard, visitor)" in made[1]
    assert "'{replica}', version)" in made[2]
