"""What a stopped data folder holds, read through Footfall's own parts, and compared with what a story says it must."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from footfall.clock import process_clock
from footfall.errors import HistoryFailed
from footfall.history.base import Statement
from footfall.housekeeping import sweep
from footfall.store import open_store

from .load import Load


class Books(NamedTuple):
    """Rows of one site. `ledger` counts facts by outcome."""

    titles: Counter[str]
    names: Counter[str]
    counted: int
    visitors: int
    ledger: Counter[str]
    differences: list[str]


async def read(folder: Path, site: str) -> Books:
    """Open the folder as the server does, close the ledger's books, read everything."""
    store = await open_store(folder, process_clock())
    try:
        await sweep(store.engine)

        async def ask(sql: str, *params: object) -> list[tuple[Any, ...]]:
            table, lag = await store.engine.fetch(Statement(sql, params, seconds=60, max_rows=10_000_000))
            if lag:  # what is damaged cannot be written either
                raise HistoryFailed(f"history lags by {lag} records")
            return [tuple(row) for row in table]

        titles = await ask("SELECT title, count(*) FROM facts WHERE site = ? AND kind = 0 GROUP BY title", site)
        names = await ask("SELECT name, count(*) FROM facts WHERE site = ? AND kind = 2 GROUP BY name", site)
        ((counted, visitors),) = await ask("SELECT count(*), count(DISTINCT visitor) FROM facts WHERE site = ? AND counted", site)
        ledger = await ask("SELECT outcome, sum(count)::BIGINT FROM ledger WHERE site = ? GROUP BY outcome", site)
        ((seqs, rows),) = await ask("SELECT count(DISTINCT (seq, n)), count(*) FROM facts")
        assert seqs == rows, "two rows have the same (seq, n)"
        return Books(
            Counter(dict(titles)), Counter(dict(names)), counted, visitors, Counter(dict(ledger)), await store.engine.verify()
        )
    finally:
        await store.close()


def disagreements(books: Books, load: Load) -> list[str]:
    """Where the books differ from the story, once every request was acknowledged: one sentence each."""
    model, found = load.story.model, list(books.differences)

    def same(what: str, wanted: object, got: object) -> None:
        if wanted != got:
            found.append(f"{what}: expected {wanted}, found {got}")

    for what, wanted, got in (("view", model.titles, books.titles), ("event", model.names, books.names)):
        lost, foreign = sorted(wanted - got.keys()), sorted(got.keys() - wanted)
        doubled = sorted(text for text, count in got.items() if count != 1)
        for fault, texts in (("lost", lost), ("foreign", foreign), ("stored more than once", doubled)):
            if texts:
                found.append(f"{len(texts)} {what}s {fault}, such as {texts[:3]}")
    same("counted views", len(model.views), books.counted)
    same("visitors", len(model.visitors), books.visitors)
    outcomes, ledger = model.outcomes, books.ledger
    same("acknowledged facts", sum(outcomes.values()), load.acknowledged)
    same("ledger: bots", outcomes["bot"], ledger["bot"])
    same("ledger: repeats", outcomes["repeat"], ledger["repeat"])
    same("ledger: stored or early", outcomes["view"] + outcomes["event"] + outcomes["beat"], ledger["stored"] + ledger["early"])
    # What was answered has a line, each time; of what was not answered nobody knows whether it came.
    received, refused, again = sum(ledger.values()), ledger["rejected"], load.sent - load.sent_no - load.acknowledged
    if not load.answered <= received <= load.sent:
        found.append(f"ledger: {received} facts received, but {load.answered} were answered and {load.sent} sent")
    if not load.answered_no <= refused <= load.sent_no:
        found.append(f"ledger: {refused} facts refused, but {load.answered_no} were answered so and {load.sent_no} sent")
    if not ledger["retry"] <= again:
        found.append(f"ledger: {ledger['retry']} facts sent again, but {again} were")
    return found
