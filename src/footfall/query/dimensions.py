"""What figures can be grouped and filtered by, one line each. Pure.

A dimension is of an event (each view has its own page) or of a visit (all facts of a visit have its source: that of the fact
which started it). A fact that belongs to no visit, an imported one, stands for itself. In the SQL of a line `f` is a row of
facts, `v` one of visits, `p` one of the minutes; none of them is ever null.
"""

from __future__ import annotations

from dataclasses import dataclass

from footfall.model import Kind
from footfall.query.sql import Sql, sql

NOT_SET = "(not set)"
PROPERTY = "event:props:"
GOAL = "event:goal"
TIME = "time"


@dataclass(frozen=True, slots=True)
class Dimension:
    """`fact`, `visit`, `minute`: its value in such a row; `visit` is "" for what is of an event, `minute` for what minutes do
    not know. `stays`: whether beats and leaves tell it too. `empty` is what people read where there is no value."""

    name: str
    says: str
    fact: Sql
    visit: str = ""
    minute: str = ""
    stays: bool = True
    empty: str = NOT_SET

    @property
    def of_visit(self) -> bool:
        """Whether all facts of a visit share it."""
        return bool(self.visit)

    @property
    def is_time(self) -> bool:
        """Whether it is a step of time."""
        return self.name == TIME or self.name.startswith(TIME + ":")

    @property
    def joined(self) -> Sql:
        """Its value in a fact `f` with its visit `v` beside it, if it has one."""
        if not self.of_visit:
            return self.fact
        return sql(f"CASE WHEN f.visit = 0 THEN {{}} ELSE coalesce({self.visit}, '') END", self.fact)


def _event(name: str, says: str, fact: str, minute: str = "", stays: bool = False) -> Dimension:
    return Dimension(f"event:{name}", says, Sql(fact), minute=minute, stays=stays)


def _visit(name: str, says: str, column: str = "", fact: str = "", minute: str = "", empty: str = NOT_SET) -> Dimension:
    column = column or name
    of_fact = f"coalesce(f.{fact or column}, '')" if column in _NULLABLE else f"f.{fact or column}"
    of_visit = f"coalesce(v.{column}, '')" if column in _NULLABLE else f"v.{column}"
    return Dimension(f"visit:{name}", says, Sql(of_fact), of_visit, minute, empty=empty)


def _time(name: str, says: str) -> Dimension:
    return Dimension(name, says, Sql(""))


_NULLABLE = frozenset({"country", "region", "city"})
_NAME = f"CASE WHEN f.kind = {Kind.VIEW:d} THEN 'pageview' ELSE f.name END"

DIMENSIONS = {
    line.name: line
    for line in (
        _event("page", "The path of the page, with the query parameters that the site keeps.", "f.path", "p.path", stays=True),
        _event("title", "The title that the page had when it was viewed.", "f.title"),
        _event("hostname", "The host of the page.", "f.hostname", stays=True),
        _event("name", 'The name of the event; views are called "pageview".', _NAME),
        _visit("source", "Where the visit came from, by name.", empty="Direct / None"),
        _visit("channel", "What kind of source that is.", empty="Direct"),
        _visit("referrer", "The address that linked here: host and path.", empty="Direct / None"),
        _visit("utm_source", "The tag utm_source of the visit's first page."),
        _visit("utm_medium", "The tag utm_medium of the visit's first page."),
        _visit("utm_campaign", "The tag utm_campaign of the visit's first page."),
        _visit("utm_content", "The tag utm_content of the visit's first page."),
        _visit("utm_term", "The tag utm_term of the visit's first page."),
        _visit("country", "The country, two letters (ISO 3166-1).", minute="p.country"),
        _visit("region", "The region within the country."),
        _visit("city", "The city, by name."),
        _visit("device", "Desktop, Mobile or Tablet."),
        _visit("screen", "How wide the screen is: xs, sm, md, lg, xl."),
        _visit("browser", "The browser."),
        _visit("browser_version", "The browser's version, its first number."),
        _visit("os", "The operating system."),
        _visit("os_version", "The operating system's version, its first number."),
        _visit("language", "The language that the browser asks for."),
        _visit("entry_page", "The page with which the visit began.", "entry", fact="path"),
        _visit("entry_page_hostname", "The host of the page with which the visit began.", "hostname"),
        _visit("exit_page", "The page with which the visit ended.", "exit", fact="path"),
        _time("time", "Steps of time that suit the range: hours, days, weeks or months."),
        _time("time:minute", "The minute."),
        _time("time:hour", "The hour, by the site's clock."),
        _time("time:day", "The day, by the site's clock."),
        _time("time:week", "The week, from Monday on."),
        _time("time:month", "The month."),
    )
}
GOALS = Dimension(GOAL, "The goal of the site that was reached; one event may reach several.", Sql("g.goal"), stays=False)


def named(name: str) -> Dimension | None:
    """The dimension of that name, properties of events (event:props:KEY) and goals included; None if there is none."""
    if name == GOAL:
        return GOALS
    key = name.removeprefix(PROPERTY)
    if key and key != name:
        says = f"The property {key} of the event."
        return Dimension(name, says, sql("JSONExtractString({}, {})", Sql("coalesce(f.props, '{}')"), key), stays=False)
    return DIMENSIONS.get(name)
