"""Looking after the data: `verify`, `backfill`, `erase`, `reclassify`."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import click

from footfall.cli.command import bar, configured, existing_site, with_owner
from footfall.config import Config

if TYPE_CHECKING:
    from footfall.admin import Owner

CHUNK = 20_000  # views of a backfill between two looks at the bar
DAY_MS = 86_400_000


class Moment(click.ParamType[int]):
    """A day or a second, UTC, as ms since 1970: the first of it, or with `end` the last."""

    name = "time"
    forms: ClassVar = {
        "%Y-%m-%d": DAY_MS,
        "%Y-%m-%dT%H:%M:%S": 1_000,
        "%Y-%m-%dT%H:%M:%SZ": 1_000,
    }  # and how long what is named lasts

    def __init__(self, *, end: bool) -> None:
        self._end = end

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The moment."""
        for form, length in self.forms.items():
            with suppress(ValueError):
                first = int(datetime.strptime(value, form).replace(tzinfo=UTC).timestamp()) * 1_000
                if first >= 0:
                    return first + length - 1 if self._end else first
        raise click.BadParameter(f"{value!r} is no day or time like 2024-12-31 or 2024-12-31T18:00:00.", ctx, param)


@click.command(short_help="Count every total again and compare.")
@configured("data_folder")
def verify(config: Config) -> None:
    """Count every total again from the stored rows and compare. Exit code 1 if anything differs."""

    async def recount(owner: Owner) -> None:
        differences = await owner.verify()
        for difference in differences:
            click.echo(difference)
        if differences:
            raise click.ClickException(f"{len(differences)} totals differ from the stored rows")
        click.echo("Every total equals a recount of the stored rows.")

    with_owner(config, recount)


@click.command(short_help="Walk all stored views, as the original's backfill did.")
@click.argument("site", required=False)
@configured("data_folder")
def backfill(config: Config, site: str | None) -> None:
    """Walk all stored views in chunks, of SITE or of every site, and compare with the total that is served.

    Totals are exact without it and it changes nothing: it is there for who is used to it. It may be stopped and repeated.
    """

    async def walk(owner: Owner) -> None:
        sites = [await existing_site(owner, site)] if site else await owner.sites()
        for found in sites:
            await _walk(owner, found["id"])

    with_owner(config, walk)


async def _walk(owner: Owner, site: str) -> None:
    told = await owner.backfill(site, None, CHUNK)
    with bar(told["views"], site, show_pos=True) as moved:
        moved(told["report"]["processed"])
        while told["report"]["status"] != "complete":
            before = told["report"]["processed"]
            told = await owner.backfill(site, told["at"], CHUNK)
            moved(told["report"]["processed"] - before)
    report = told["report"]
    click.echo(f"{site}: {report['processed']:,} views of {report['uniqueSessions']:,} visitors.")
    if report["processed"] != told["views"]:  # views may have come behind the last chunk
        click.echo(f"  {told['views']:,} views are served: footfall verify tells whether that is right")


_OF_FACTS = (
    click.option("--session", help="Facts of the visitor whose browser calls itself so: localStorage.footfall of the site."),
    click.option("--visitor", type=int, help="Facts of this visitor, by the number that an export has."),
    click.option("--since", "first", type=Moment(end=False), help="Facts from this day or time on, UTC."),
    click.option("--until", "last", type=Moment(end=True), help="Facts up to this time, or to the end of this day, UTC."),
    click.option("--dry-run", is_flag=True, help="Tell only how much that is."),
    click.option("--yes", is_flag=True, help="Do not ask."),
)


def _of_facts(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that changes facts: which, and whether at once."""
    for option in reversed(_OF_FACTS):
        command = option(command)
    return command


def _agreed(would: str, question: str, dry_run: bool, yes: bool) -> bool:
    """Whether to go on: a dry run says what would be done, and else somebody has to want it."""
    if dry_run:
        click.echo(would)
        return False
    if not yes:
        click.confirm(question, abort=True)
    return True


@click.command(short_help="Erase a visitor, a path or a period.", epilog="\b\nExamples:\n"
               "  footfall erase blog --path /draft --dry-run\n  footfall erase blog --session 5f0c...\n"
               "  footfall erase blog --until 2024-12-31")  # fmt: skip
@click.argument("site")
@click.option("--path", help="Facts of this path.")
@_of_facts
@configured("data_folder")
def erase(config: Config, site: str, dry_run: bool, yes: bool, **what: Any) -> None:
    """Erase what a visitor did, a path, or a period: facts that match all that is given. It cannot be brought back.

    Every total follows at once. Backups and exports that were made before still hold it.
    """
    given = {name: value for name, value in what.items() if value is not None}
    if not given:
        raise click.UsageError("Name a path, a session, a visitor or a time; footfall site remove removes a whole site.")
    if given.get("first", 0) > given.get("last", math.inf):
        raise click.UsageError("--since is later than --until.")

    async def carry_out(owner: Owner) -> None:
        await existing_site(owner, site)
        matched = (await owner.erase(site, **given, dry_run=True))["matched"]
        facts, views, visits, minutes = matched
        if not any(matched):
            click.echo(f"{site}: nothing matches, and nothing is erased.")
            return
        told = f"{facts:,} facts ({views:,} counted views) of {visits:,} visits, and {minutes:,} minutes of presence"
        if _agreed(f"{site}: this would erase {told}.", f"Erase {told} of {site}?", dry_run, yes):
            removed = (await owner.erase(site, **given))["removed_views"]
            click.echo(f"{site}: erased; {removed:,} counted views went with it.")

    with_owner(config, carry_out)


@click.command(short_help="Take visitors for bots after all, or for people.", epilog="\b\nExamples:\n"
               "  footfall reclassify blog bot --where 'browser is HeadlessFox' --dry-run\n"
               "  footfall reclassify blog bot --where 'referrer contains spam.example' --since 2024-12-01\n"
               "  footfall reclassify blog people --where 'bot is library' --where 'country is DE'")  # fmt: skip
@click.argument("site")
@click.argument("verdict", type=click.Choice(["bot", "people"]))
@click.option("--where", multiple=True, metavar="'FIELD is|is_not|contains|contains_not TEXT'",
              help="What is kept of a fact: browser, os, path, referrer, country, ...; bot is why it is taken for one; "
              "repeatable, all have to hold.")  # fmt: skip
@_of_facts
@configured("data_folder")
def reclassify(config: Config, site: str, verdict: str, where: tuple[str, ...], dry_run: bool, yes: bool, **what: Any) -> None:
    """Judge facts anew: those that match all that is given are a bot's, or people's, from now on.

    Every total follows at once, and the command can be given the other way round. User agents are not kept, so none can be
    asked for; what is yet to come the site's own lists decide: footfall site edit --bot, --not-bot.
    """
    given = {name: value for name, value in what.items() if value is not None}
    if not given and not where:
        raise click.UsageError("Name a condition, a session, a visitor or a time.")
    given |= {"bot": verdict == "bot", "where": [_condition(text) for text in where]}

    async def carry_out(owner: Owner) -> None:
        await existing_site(owner, site)
        facts, views, visits, _ = (await owner.reclassify(site, **given, dry_run=True))["matched"]
        if not facts:
            click.echo(f"{site}: nothing matches that is not so already.")
            return
        told = (
            f"{facts:,} facts ({views:,} counted views) of {visits:,} visits" if verdict == "bot" else f"{facts:,} facts of bots"
        )
        whose = "a bot's" if verdict == "bot" else "people's"
        if _agreed(f"{site}: {told} would be {whose}.", f"Take {told} of {site} for {whose}?", dry_run, yes):
            click.echo(f"{site}: {(await owner.reclassify(site, **given))['changed']:,} facts are {whose} now.")

    with_owner(config, carry_out)


def _condition(text: str) -> list[str]:
    parts = text.split(maxsplit=2)
    if len(parts) < 2:
        raise click.UsageError(f"--where {text!r}: a field, then is, is_not, contains or contains_not, then a text.")
    return [*parts, ""][:3]
