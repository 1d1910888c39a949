"""Changes of rows in DuckDB: facts go, or are judged otherwise, and what was counted from them follows. Runs inside the caller's
transaction."""

from __future__ import annotations

import duckdb

from footfall.history.persons import forget
from footfall.history.rows import matching, matching_minutes
from footfall.model import Erase, Kind, Rejudged

# Views decide entry and exit, as in the fold; a visit without views takes what it has. Ties go by the order of the rows.
ACTS = f"kind IN ({Kind.VIEW:d}, {Kind.EVENT:d})"  # what makes a visit
RECOUNT = f"""
UPDATE visits SET
    start_ms = {{start}}, end_ms = {{end}}, entry = left_over.entry, exit = left_over.exit,
    views = left_over.views, events = left_over.events, engaged = left_over.engaged
FROM (
    SELECT
        visit,
        min(ts_ms) AS start_ms,
        max(ts_ms) AS end_ms,
        arg_min(path, (kind <> {Kind.VIEW:d}, ts_ms, seq, n)) FILTER (WHERE {ACTS}) AS entry,
        arg_max(path, (kind = {Kind.VIEW:d}, ts_ms, seq, n)) FILTER (WHERE {ACTS}) AS exit,
        count(*) FILTER (WHERE kind = {Kind.VIEW:d} AND counted) AS views,
        count(*) FILTER (WHERE kind = {Kind.EVENT:d}) AS events,
        sum(engaged) AS engaged
    FROM facts WHERE site = ? AND visit IN (SELECT visit FROM touched{{only}})
    GROUP BY visit
) AS left_over
WHERE visits.site = ? AND visits.visit = left_over.visit
"""
FROM_REST = {"start": "left_over.start_ms", "end": "left_over.end_ms"}
AT_LEAST = {"start": "least(visits.start_ms, left_over.start_ms)", "end": "greatest(visits.end_ms, left_over.end_ms)"}
STEP = 1_000  # judgements handed over in one go


def erase_facts(connection: duckdb.DuckDBPyConnection, erase: Erase) -> None:
    """Remove the matching facts; visits that lost all go too, those that lost some are counted again from what is left
    (except what they took from their first fact: that is not in the other facts)."""
    condition, params = matching(erase)
    of_minutes, more = matching_minutes(erase)
    connection.execute(f"DELETE FROM minutes WHERE {of_minutes}", more)
    # Bots and imports have visit 0, no row in visits, and may be millions: left out to spare the recount.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT visit FROM facts WHERE {condition} AND visit <> 0", params
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE gone AS SELECT DISTINCT visitor FROM facts WHERE {condition}", params)
    connection.execute(f"DELETE FROM facts WHERE {condition}", params)
    _drop_lost_visits(connection, erase.site)
    connection.execute(RECOUNT.format(**FROM_REST, only=""), [erase.site, erase.site])
    forget(connection)
    connection.execute("DROP TABLE gone")
    connection.execute("DROP TABLE touched")
    if erase.whole:  # the whole site: what it published goes with it
        connection.execute("DELETE FROM content WHERE site = ?", [erase.site])


def rejudge_facts(connection: duckdb.DuckDBPyConnection, rejudged: Rejudged) -> None:
    """Give facts their new judgement; the rows of the visits they were in or are in now follow, and minutes of visits that are
    gone."""
    site = rejudged.site
    connection.execute("CREATE OR REPLACE TEMP TABLE judged (seq BIGINT, n INTEGER, bot VARCHAR, counted BOOLEAN, visit UBIGINT)")
    columns = "unnest(?::BIGINT[]), unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::BOOLEAN[]), unnest(?::UBIGINT[])"
    for start in range(0, len(rejudged.facts), STEP):
        values = [list(column) for column in zip(*rejudged.facts[start : start + STEP], strict=True)]
        connection.execute(f"INSERT INTO judged SELECT {columns}", values)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE touched AS SELECT visit, bool_or(lost) AS lost FROM ("
        " SELECT f.visit, f.visit <> j.visit AS lost FROM facts AS f JOIN judged AS j USING (seq, n)"
        " UNION ALL SELECT visit, false FROM judged) WHERE visit <> 0 GROUP BY visit"
    )
    connection.execute(
        "UPDATE facts SET bot = j.bot, counted = j.counted, visit = j.visit FROM judged AS j"
        " WHERE facts.seq = j.seq AND facts.n = j.n"
    )
    _drop_lost_visits(connection, site)
    connection.execute(RECOUNT.format(**FROM_REST, only=" WHERE lost"), [site, site])
    connection.execute(RECOUNT.format(**AT_LEAST, only=" WHERE NOT lost"), [site, site])
    connection.execute(
        "DELETE FROM minutes WHERE site = ? AND visit IN (SELECT visit FROM touched)"
        f" AND visit NOT IN (SELECT visit FROM facts WHERE site = ? AND {ACTS})",
        [site, site],
    )
    connection.execute("DROP TABLE touched")
    connection.execute("DROP TABLE judged")


def _drop_lost_visits(connection: duckdb.DuckDBPyConnection, site: str) -> None:
    """Remove the rows of touched visits without a view or event."""
    connection.execute(
        "DELETE FROM visits WHERE site = ? AND visit IN (SELECT visit FROM touched) "
        f"AND visit NOT IN (SELECT visit FROM facts WHERE site = ? AND {ACTS})",
        [site, site],
    )
