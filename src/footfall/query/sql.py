"""SQL text with its values beside it, so that no value is ever pasted into a text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from footfall.journal.base import PARTITION_BITS, Vector


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values of its `?`, in order."""

    text: str
    params: tuple[object, ...] = ()


def sql(text: str, *parts: object) -> Sql:
    """`text` with each `{}` filled in: a piece of SQL as it is, anything else as a value, so as `?`."""
    first, *rest = text.split("{}")
    texts, params = [first], list[object]()
    for part, after in zip(parts, rest, strict=True):
        if isinstance(part, Sql):
            texts += [part.text, after]
            params += part.params
        else:
            texts += ["?", after]
            params.append(part)
    return Sql("".join(texts), tuple(params))


def joined(separator: str, pieces: Iterable[Sql]) -> Sql:
    """Pieces of SQL one after the other."""
    pieces = list(pieces)
    return Sql(separator.join(piece.text for piece in pieces), tuple(param for piece in pieces for param in piece.params))


def reached(upto: Vector) -> Sql:
    """The condition on rows that records up to a place made: of one journal, or of each of several."""
    if len(upto) == 1:
        return sql("seq <= {}", *upto)
    ranges = [sql("seq >= {} AND seq <= {}", partition << PARTITION_BITS, seq) for partition, seq in enumerate(upto)]
    return sql("({})", joined(" OR ", ranges))


TRUE = Sql("1 = 1")
FALSE = Sql("1 = 0")
