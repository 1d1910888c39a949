"""Which partition a record goes to. Pure: it computes, and knows no journal.

All that is judged of a visitor is in one partition, whatever its kind, so that each partition can be folded without the others.
What is about a site as a whole goes to one that its name chooses; what moves the visitors of all goes to all, as a copy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar
from zlib import crc32

from msgspec.structs import replace

from footfall.model import Adopt, Command, Erase, Fact, Import, Reclassify, Refused, Sweep

T = TypeVar("T")


def of_visitor(visitor: int, partitions: int) -> int:
    """Where all facts of a visitor are. A visitor is a hash already."""
    return visitor % partitions


def of_site(site: str, partitions: int) -> int:
    """Where what is about a site as a whole is."""
    return crc32(site.encode()) % partitions


def of_facts(facts: Sequence[Fact], partitions: int) -> dict[int, Sequence[Fact]]:
    """Facts by their partition, those of each in order."""
    if len(facts) == 1:
        return {of_visitor(facts[0].visitor, partitions): facts}
    found: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[of_visitor(fact.visitor, partitions)].append(fact)
    return dict(found)


def of_command(command: Command, partitions: int) -> dict[int, Command]:
    """A command by partition: itself, a copy for each, or the part that is about its visitors."""
    if isinstance(command, Sweep | Erase | Reclassify):
        return dict.fromkeys(range(partitions), command)
    if isinstance(command, Import):
        parts = of_facts(command.facts, partitions).items()
        return {number: replace(command, facts=tuple(facts)) for number, facts in parts}
    if isinstance(command, Adopt):
        return _of_adopt(command, partitions)
    site = command.counts[0][0] if isinstance(command, Refused) else command.site
    return {of_site(site, partitions): command}


def is_copied(command: Command) -> bool:
    """Whether it is in every partition."""
    return isinstance(command, Sweep | Erase | Reclassify)


def _of_adopt(adopt: Adopt, partitions: int) -> dict[int, Command]:
    """Rows of visitors go where their visitors are; the site's ledger and its content go where the site is."""
    site = of_site(adopt.site, partitions)
    facts = _split((of_visitor(row.fact.visitor, partitions), row) for row in adopt.facts)
    visits = _split((of_visitor(row.first.visitor, partitions), row) for row in adopt.visits)
    minutes = _split((of_visitor(row.visitor, partitions), row) for row in adopt.minutes)
    return {
        number: Adopt(
            adopt.site,
            adopt.at,
            tuple(facts.get(number, ())),
            tuple(visits.get(number, ())),
            tuple(minutes.get(number, ())),
            adopt.ledger if number == site else (),
            adopt.content if number == site else (),
        )
        for number in {*facts, *visits, *minutes, site}
    }


def _split(rows: Iterable[tuple[int, T]]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = defaultdict(list)
    for number, row in rows:
        found[number].append(row)
    return found
