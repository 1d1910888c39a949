"""What the state holds that is no row yet, as the rows it would be if it ended now: an export has it beside history's. Pure."""

from __future__ import annotations

from footfall.live.fold import Fold
from footfall.model import LedgerRow, MinuteRow, Rows, VisitRow


def unfinished(fold: Fold, site: str) -> Rows:
    """Open visits, minutes that are not final and the ledger's last increments of a site; all have the fold's seq."""
    rows, state = Rows(), fold.sites.get(site)
    lines = [(line, count) for line, count in fold.ledger.items() if line[0] == site]
    for n, ((_, door, hour, outcome, reason), count) in enumerate(lines):
        rows.ledger.append(LedgerRow(fold.seq, n, site, door, hour, outcome, reason, count))
    if state is None:
        return rows
    visits = [visit for of_one in state.visits.open.values() for visit in of_one]
    for n, visit in enumerate(visits):
        told = (visit.id, visit.start, visit.end, visit.entry, visit.exit, visit.views, visit.events, visit.engaged, visit.first)
        rows.visits.append(VisitRow(fold.seq, n, *told))
    for minute, moments in state.minutes.moments.items():
        for visitor, moment in moments.items():
            if moment.path is not None:
                row = (site, minute, visitor, moment.path, moment.country, moment.visit)
                rows.minutes.append(MinuteRow(fold.seq, len(rows.minutes), *row))
    return rows
