"""The one fold: judges each record in order, keeps the live state, and says which rows history must have. Pure.

It reads only its state and the record, so folding the same records again gives the same verdicts, the same state and
the same rows, however they were cut into batches. It checks before it changes anything; a record it cannot digest is
`rejected(fault)`, each time alike. It knows no clock, no store and no viewer: its time is the latest time a record carried.
"""

from __future__ import annotations

from heapq import heappop, heappush

import msgspec

from footfall import rules
from footfall.live.counted import Counted
from footfall.live.runs import Runs
from footfall.live.site import SiteState
from footfall.model import (
    EARLY,
    FAULT,
    REPEAT,
    RETRY,
    SITE_FULL,
    STORED,
    TOO_MANY_PATHS,
    TOO_OLD,
    Adopt,
    Command,
    ContentRow,
    Fact,
    FactRow,
    Import,
    Kind,
    LedgerRow,
    MinuteRow,
    Publish,
    Record,
    Refused,
    Rows,
    Sweep,
    Verdict,
    VisitRow,
)

Line = tuple[str, str, int, str, str]  # site, door, hour (ms), outcome, reason
Refusal = tuple[str, str, str]  # site, door, reason

VERSION = "5"  # of the state and its rules; a checkpoint of another version is not loaded

_WEIGH_EVERY = 1_024  # records


class Fold:
    """State and judge. `apply` folds one record; `rows` collects effects until `take_rows`; `dirty` names changed sites."""

    def __init__(self) -> None:
        self.seq = 0  # of the last record folded
        self.now = 0
        self.sites: dict[str, SiteState] = {}
        self.ids = Runs(valued=True)  # (site, id) of facts -> arrival
        self.counted = Counted()
        self.closing: list[tuple[int, int, int, str]] = []  # heap: (when it may be final, visit, visitor, site)
        self.ledger: dict[Line, int] = {}  # increments that are not rows yet
        self.rows = Rows()
        self.dirty: set[str] = set()
        self._weight = 0  # of what the sites hold, when it was weighed last
        self.faults: list[tuple[int, str]] = []  # (seq, what) of records that could not be digested, to be told loudly

    def apply(self, seq: int, record: Record) -> object:
        """Fold the record with this seq. A Verdict for a fact; for commands see model.py. Barriers are the engine's."""
        self.seq = seq
        if seq % _WEIGH_EVERY == 0:
            self.weigh()
        try:
            if isinstance(record, Fact):
                return self._judge(seq, record)
            return self._obey(seq, record)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
            # Records are checked at intake; one that still does not fit must neither stop the fold nor differ next time.
            self.faults.append((seq, f"{type(fault).__name__}: {fault}"))
            return FAULT

    def take_rows(self) -> Rows:
        """The effects since the last call, in order."""
        rows, self.rows = self.rows, Rows()
        return rows

    def site(self, site: str) -> SiteState:
        """A site's state, empty if nothing was ever folded for it."""
        state = self.sites.get(site)
        if state is None:
            state = self.sites[site] = SiteState(self.seq)
        return state

    def entries(self) -> int:
        """How many entries of some 17 bytes the windows hold: what the memory cap bounds. Cheap.

        Not in it is what a site keeps for ever: its paths and their titles, which have caps of their own, and 9.5 bytes of each
        visitor.
        """
        return len(self.ids) + len(self.counted) + rules.VISIT_WEIGHT * len(self.closing) + self._weight

    def weigh(self) -> None:
        """Count anew what readers and minutes weigh; done by itself now and then."""
        self._weight = sum(
            rules.READER_WEIGHT * len(state.presence.readers) + rules.MOMENT_WEIGHT * len(state.minutes)
            for state in self.sites.values()
        )

    def knows(self, site: str, visitor: int) -> bool:
        """Whether a visitor is still in the live state (for the half hour after the salt changed)."""
        state = self.sites.get(site)
        return state is not None and (visitor in state.visits.open or visitor in state.presence.readers)

    # --- facts ---

    def _judge(self, seq: int, fact: Fact) -> Verdict:
        arrival, time = fact.arrival, fact.arrival - fact.age
        if arrival > self.now:
            self.now = arrival
        verdict = self._verdict(seq, fact, time)
        self._note(fact, arrival, verdict)
        return verdict

    def _note(self, fact: Fact, arrival: int, verdict: Verdict) -> None:
        line = (fact.site, fact.door, arrival - arrival % rules.HOUR, verdict.outcome, verdict.reason)
        self.ledger[line] = self.ledger.get(line, 0) + 1

    def _verdict(self, seq: int, fact: Fact, time: int) -> Verdict:
        kept_since, named = self.now - rules.WINDOW_KEPT, fact.door != rules.ORIGINAL
        if named:  # who calls from Python sends no ids: theirs are made at intake and never repeat
            seen = self.ids.get(fact.id)
            if seen is not None and seen > kept_since:
                return RETRY
        if rules.too_old(self.now - time):  # by the fold's time: what is final must stay so, also when a clock went back
            return TOO_OLD
        state = self.sites.get(fact.site)
        if state is not None and not fact.bot and (refusal := self._refusal(fact, state)):
            return refusal
        if named:
            self.ids.put(fact.id, fact.arrival, kept_since)
        if fact.bot:
            if fact.kind in (Kind.VIEW, Kind.EVENT):
                self.rows.facts.append(FactRow(seq, 0, time, False, 0, fact))
            return Verdict("bot", fact.bot)
        if state is None:
            state = self.site(fact.site)
        if fact.kind == Kind.VIEW:
            return self._view(seq, fact, time, state)
        if fact.kind == Kind.EVENT:
            return self._event(seq, fact, time, state)
        return self._engagement(seq, fact, time, state)

    def _refusal(self, fact: Fact, state: SiteState) -> Verdict | None:
        """Why a site has no room for a fact, None if it has."""
        if fact.kind == Kind.VIEW and not state.pages.has_room(fact.path):
            return TOO_MANY_PATHS
        if state.is_full and not self.knows(fact.site, fact.visitor):
            return SITE_FULL
        return None

    def _view(self, seq: int, fact: Fact, time: int, state: SiteState) -> Verdict:
        number = state.number(fact.path)
        counted, kept_since = True, self.now - rules.WINDOW_KEPT
        if number is None:  # a path that nobody viewed before
            self.counted.put(fact.visitor, state.count_view(fact.path, fact.visitor, time), time, kept_since)
        elif counted := self.counted.judge(fact.visitor, number, time, fact.window, kept_since):
            state.count_view(fact.path, fact.visitor, time)
        if fact.title:
            state.pages.report(fact.path, fact.title, time)
        visit = self._join(fact, time, state, counted)
        if fact.door not in rules.THE_ORIGINALS:
            self._sign(fact, time, state, visit)
        state.sightings.see(fact)
        self.rows.facts.append(FactRow(seq, 0, time, counted, visit, fact))
        self.dirty.add(fact.site)
        return STORED if counted else REPEAT

    def _event(self, seq: int, fact: Fact, time: int, state: SiteState) -> Verdict:
        visit = self._join(fact, time, state, False)
        self._sign(fact, time, state, visit)
        state.sightings.see(fact)
        self.rows.facts.append(FactRow(seq, 0, time, False, visit, fact))
        self.dirty.add(fact.site)
        return STORED

    def _engagement(self, seq: int, fact: Fact, time: int, state: SiteState) -> Verdict:
        """Beats and leaves move presence and extend the visit they fall into; rows are those that tell of engagement."""
        presence = state.presence
        if fact.kind == Kind.LEAVE:
            presence.leave(fact, time, self.now)
            state.minutes.leave(fact, time)
            visit, _ = state.visits.join(fact, time, False)
        else:
            if not (presence.beat_original if fact.door in rules.THE_ORIGINALS else presence.sign)(fact, time, self.now):
                return EARLY
            visit, _ = state.visits.join(fact, time, False)
            self._here(fact, time, state, 0 if visit is None else visit.id)
            state.sightings.see(fact)
        if fact.engaged or fact.scroll:
            self.rows.facts.append(FactRow(seq, 0, time, False, 0 if visit is None else visit.id, fact))
        self.dirty.add(fact.site)
        return STORED

    def _sign(self, fact: Fact, time: int, state: SiteState, visit: int) -> None:
        state.presence.sign(fact, time, self.now)
        self._here(fact, time, state, visit)

    def _here(self, fact: Fact, time: int, state: SiteState, visit: int) -> None:
        """A sign of life: the minutes that it reaches into have this visitor."""
        reader = state.presence.readers.get(fact.visitor)
        country = fact.country or (reader.country if reader is not None else None) or ""
        state.minutes.sign(fact, time, country, visit)

    def _join(self, fact: Fact, time: int, state: SiteState, counted: bool) -> int:
        visit, begun = state.visits.join(fact, time, counted)
        if visit is None:
            return 0
        if begun:
            heappush(self.closing, (visit.last + rules.WINDOW_KEPT, visit.id, fact.visitor, fact.site))
        return visit.id

    # --- commands ---

    def _obey(self, seq: int, command: Command) -> object:
        if command.at > self.now:
            self.now = command.at
        if isinstance(command, Sweep):
            return self._sweep(seq, command)
        if isinstance(command, Import):
            return self._import(seq, command)
        if isinstance(command, Adopt):
            return self._adopt(seq, command)
        if isinstance(command, Refused):
            self._refused(command)
        elif isinstance(command, Publish):
            self._publish(seq, command)
        else:
            raise TypeError("a barrier is the engine's, not folded")
        return None

    def _refused(self, command: Refused) -> None:
        hour = command.at - command.at % rules.HOUR
        for site, door, reason, count in command.counts:
            line = (site, door, hour, "rejected", reason)
            self.ledger[line] = self.ledger.get(line, 0) + count

    def _publish(self, seq: int, command: Publish) -> None:
        self.site(command.site).pages.publish(command.kind, command.slug, command.title, command.published)
        self.rows.content.append(ContentRow(seq, 0, command.site, command.kind, command.slug, command.title, command.published))
        self.dirty.add(command.site)

    def _import(self, seq: int, command: Import) -> int:
        """How many views were taken. For one of a further path a full site has no room."""
        state, kept_since = self.site(command.site), self.now - rules.WINDOW_KEPT
        state.imported, taken = seq, 0
        for n, fact in enumerate(command.facts):
            time = fact.time
            if not state.pages.has_room(fact.path):
                self._note(fact, command.at, TOO_MANY_PATHS)
                continue
            taken += 1
            number = state.count_view(fact.path, fact.visitor, time)
            if fact.title:
                state.pages.report(fact.path, fact.title, time)
            if time > kept_since:  # nothing older is ever sent again, but by an import, whose ids are looked up in history
                self.ids.put(fact.id, time, kept_since)
                self.counted.put(fact.visitor, number, time, kept_since)
            self.rows.facts.append(FactRow(seq, n, time, True, 0, fact))
        self.dirty.add(command.site)
        return taken

    def _adopt(self, seq: int, command: Adopt) -> int:
        """How many facts were taken. For a counted view of a further path a full site has no room."""
        rows, taken = self.rows, 0
        self.site(command.site).imported = seq
        for row in command.facts:
            if row.counted and not self.site(command.site).pages.has_room(row.fact.path):
                self._note(row.fact, command.at, TOO_MANY_PATHS)
                continue
            self._take_back(row)
            rows.facts.append(msgspec.structs.replace(row, seq=seq, n=taken))
            taken += 1
        rows.visits += [msgspec.structs.replace(row, seq=seq, n=n) for n, row in enumerate(command.visits)]
        rows.minutes += [msgspec.structs.replace(row, seq=seq, n=n) for n, row in enumerate(command.minutes)]
        rows.ledger += [msgspec.structs.replace(row, seq=seq, n=n) for n, row in enumerate(command.ledger)]
        for n, content in enumerate(command.content):
            self.site(command.site).pages.publish(content.kind, content.slug, content.title, content.published)
            rows.content.append(msgspec.structs.replace(content, seq=seq, n=n))
        self.dirty.add(command.site)
        return taken

    def _take_back(self, row: FactRow) -> None:
        """Counters and windows have a row that was made elsewhere."""
        fact, kept_since = row.fact, self.now - rules.WINDOW_KEPT
        state, latest = self.site(fact.site), max(row.time, fact.arrival)
        if row.counted:
            number = state.count_view(fact.path, fact.visitor, row.time)
            if row.time > kept_since:
                self.counted.put(fact.visitor, number, row.time, kept_since)
        known = fact.path in state.pages.numbers  # of a repeat an erase may have taken the view that counted
        if fact.kind == Kind.VIEW and fact.title and not fact.bot and known:
            state.pages.report(fact.path, fact.title, row.time)
        if latest > kept_since and fact.door != rules.ORIGINAL:
            self.ids.put(fact.id, latest, kept_since)
        if row.visit:
            state.sightings.see(fact)

    def _sweep(self, seq: int, command: Sweep) -> int:
        self.ids.drop(self.now - rules.WINDOW_KEPT)
        self.counted.drop(self.now - rules.WINDOW_KEPT)
        self._close_visits(seq, command.at)
        self._close_minutes(seq, command.at)
        for n, ((site, door, hour, outcome, reason), count) in enumerate(self.ledger.items()):
            self.rows.ledger.append(LedgerRow(seq, n, site, door, hour, outcome, reason, count))
        self.ledger = {}
        removed = 0
        for site, state in self.sites.items():
            state.sightings.sweep(self.now)
            if command.cleanup in ("*", site):
                removed += state.presence.clean_up(self.now)
        self.weigh()
        return removed

    def _close_visits(self, seq: int, at: int) -> None:
        """Those that are final at the sweep's own time: what closes which follows from it alone, whoever else the fold has."""
        n, closing = 0, self.closing
        while closing and closing[0][0] <= at and n < rules.SWEEP_VISITS:
            _, id, visitor, site = heappop(closing)
            state = self.sites.get(site)
            due = None if state is None else state.visits.due(visitor, id, at)
            if isinstance(due, int):
                heappush(closing, (due, id, visitor, site))
            elif state is not None and due is not None:
                state.visits.close(visitor, id)
                row = (due.id, due.start, due.end, due.entry, due.exit, due.views, due.events, due.engaged, due.first)
                self.rows.visits.append(VisitRow(seq, n, *row))
                n += 1

    def _close_minutes(self, seq: int, at: int) -> None:
        rows = self.rows.minutes
        n, room = 0, rules.SWEEP_MINUTES
        for site, state in self.sites.items():
            for minute in state.minutes.final(at):
                if room <= 0:
                    return
                held = len(state.minutes.moments[minute])
                for visitor, moment in state.minutes.take(minute, room):
                    rows.append(MinuteRow(seq, n, site, minute, visitor, moment.path or "", moment.country, moment.visit))
                    n += 1
                room -= held

    def sweepable(self, now: int) -> bool:
        """Whether a sweep at `now` finds something that is final."""
        visits = bool(self.closing) and self.closing[0][0] <= now
        return visits or any(state.minutes.final(now) for state in self.sites.values())
