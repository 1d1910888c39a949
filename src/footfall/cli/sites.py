"""`site`: the websites that are counted."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from footfall.cli.command import Finite, as_typed, configured, existing_site, is_made, public_address, with_owner
from footfall.config import Config
from footfall.content.source import source_of
from footfall.convex.setting import CHOICES, EXACT, OFF, WARNING
from footfall.http.plain import script_line

if TYPE_CHECKING:
    from footfall.admin import Owner


@click.group()
def site() -> None:
    """The websites that are counted.

    \b
    Examples:
      footfall site add blog --host blog.example --host '*.blog.example'
      footfall site edit blog --visibility public
      footfall site edit blog --content posts --content pages:page
      footfall site link blog
      footfall site remove blog

    Works while a server runs, and without one.
    """


def _from_here(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Folders as the server finds them, wherever it was started."""
    parts = [value.partition(":") for value in values]
    return tuple(f"{os.path.abspath(folder)}{colon}{rest}" if folder else "" for folder, colon, rest in parts)


def _site_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option("--name", help="What the page calls it [default: the id]"),
        click.option("--host", "hosts", multiple=True, help="A host name that may send facts, *. in front for all below it "
                     "[default: any]; repeatable"),
        click.option("--visibility", type=click.Choice(["private", "public", "link"]),
                     help="Who may see its live page: only you, anyone, or whoever has its link [default: private]"),
        click.option("--frame", "frames", multiple=True, help="An origin whose pages may show its card in a frame "
                     "[default: any for a public site, none else]; repeatable"),
        click.option("--k", type=int, help="So many visitors make a page or place fit for strangers; 0: none do [default: 3]"),
        click.option("--pattern", "patterns", multiple=True, help="Pages that strangers may see at once: '/blog/*'; repeatable"),
        click.option("--grid", type=Finite(min=0), help="Places on the map are rounded to this many degrees [default: 1]"),
        click.option("--retention", type=int, help="What is more than so many days old is erased for good; 0: none [default: 0]"),
        click.option("--timezone", help="By whose clock its days begin: Europe/Berlin [default: UTC]"),
        click.option("--param", "params", multiple=True, help="A query parameter that is part of its paths; repeatable"),
        click.option("--bot", "bots", multiple=True, help="A part of a bot's user agent, whatever the lists say; repeatable"),
        click.option("--not-bot", "not_bots", multiple=True, help="A part of a person's user agent; repeatable"),
        click.option("--opt-out", "opt_outs", multiple=True, type=click.Choice(["dnt", "gpc", ""]), metavar="dnt|gpc",
                     help="Leave readers out whose browsers send DNT or Sec-GPC, '' for neither [default: neither]; repeatable"),
        click.option("--content", multiple=True, metavar="FOLDER[:post|page[:ADDRESS]]", callback=_from_here,
                     help="Markdown on the server that says what is published, * for the slug: "
                     "'content/posts:post:/blog/*/' [default: posts at /*]; repeatable"),
        click.option("--convex", type=click.Choice(CHOICES),
                     help="Whether the original module's own clients may come, and how they are told places [default: off]"),
        click.option("--yes", is_flag=True, help="Do not ask."),
    )):  # fmt: skip
        command = option(command)
    return command


@site.command("add")
@click.argument("id")
@_site_options
@configured("data_folder", "public_url")
def site_add(config: Config, id: str, yes: bool, **change: Any) -> None:
    """Add a site and print the line for its pages. ID: 2 to 32 of a-z, 0-9 and -."""

    async def add(owner: Owner) -> None:
        if await owner.site(id) is not None:
            raise click.ClickException(f"there is a site {id} already: footfall site edit {id} changes it")
        _show(config, owner, await owner.put(id, **_given(change)))

    _warn(change, yes)
    new = not is_made(config)
    with_owner(config, add, new=new)
    if new:
        click.echo(f"{config.data_folder} is new, and no server runs on it: {as_typed(config, 'serve')}", err=True)


@site.command("edit")
@click.argument("id")
@_site_options
@configured("data_folder", "public_url")
def site_edit(config: Config, id: str, yes: bool, **change: Any) -> None:
    """Change a site: what is given replaces, everything else stays. --host '' allows any host again."""

    _warn(change, yes)

    async def edit(owner: Owner) -> None:
        before = (await existing_site(owner, id))["retention"]
        if (days := change["retention"] or 0) > 0 and not yes and not 0 < before <= days:
            click.confirm(f"What is older than {_days(days)} is erased and cannot be brought back. Do so?", abort=True, err=True)
        _show(config, owner, await owner.put(id, **_given(change)))

    with_owner(config, edit)


def _warn(change: dict[str, Any], yes: bool) -> None:
    """What opens a site to strangers is done when a person has read what that means."""
    if change["convex"] not in (None, OFF) and not yes:
        click.echo(WARNING, err=True)
        click.confirm("Open it?", abort=True, err=True)


@site.command("list")
@configured("data_folder")
def site_list(config: Config) -> None:
    """Every site: id, who may see it, hosts."""

    async def show(owner: Owner) -> None:
        for found in await owner.sites():
            click.echo(f"{found['id']:<32} {found['visibility']:<8} {', '.join(found['hosts']) or 'any host'}")

    with_owner(config, show)


@site.command("show")
@click.argument("id")
@configured("data_folder", "public_url")
def site_show(config: Config, id: str) -> None:
    """One site: its settings, its live page, the line for its pages."""

    async def show(owner: Owner) -> None:
        _show(config, owner, await existing_site(owner, id))

    with_owner(config, show)


@site.command("link")
@click.argument("id")
@click.option("--renew", is_flag=True, help="Make a new one; the present one opens nothing any more.")
@configured("data_folder", "public_url")
def site_link(config: Config, id: str, renew: bool) -> None:
    """The link that shows a site to whoever has it."""

    async def link(owner: Owner) -> None:
        found = await owner.link(id) if renew else await existing_site(owner, id)
        if found["visibility"] != "link":
            raise click.ClickException(
                f"{id} is {found['visibility']}: footfall site edit {id} --visibility link opens it by link"
            )
        click.echo(_page_address(config, owner, found))

    with_owner(config, link)


@site.command("remove")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@configured("data_folder")
def site_remove(config: Config, id: str, yes: bool) -> None:
    """Remove a site with all its data. It cannot be brought back."""

    async def remove(owner: Owner) -> None:
        await existing_site(owner, id)
        if not yes:
            click.confirm(f"Remove {id} and everything that was counted for it?", abort=True)
        click.echo(f"{id} is removed; {await owner.remove(id):,} views went with it.")

    with_owner(config, remove)


def _given(change: dict[str, Any]) -> dict[str, Any]:
    """What was written on the command line; an empty text empties a list."""
    lists = {name: [item for item in value if item] for name, value in change.items() if isinstance(value, tuple) and value}
    return {**{name: value for name, value in change.items() if not isinstance(value, tuple)}, **lists}


def _show(config: Config, owner: Owner, found: dict[str, Any]) -> None:
    click.echo(f"{found['id']}  {found['visibility']}, {', '.join(found['hosts']) or 'any host'}, places to {found['grid']:g}°")
    click.echo(f"  live page    {_page_address(config, owner, found)}")
    click.echo(f"  your script  {script_line(public_address(config, owner), found['id'])}")
    for folder in found["content"]:
        click.echo(f"  content      {folder}")
        if not source_of(folder).folder.is_dir():
            click.echo(f"{source_of(folder).folder} is no folder yet: nothing is published from it.", err=True)
    if found["retention"]:
        click.echo(f"  kept         {_days(found['retention'])}")
    if found["convex"] != OFF:
        click.echo(f"  for clients  {public_address(config, owner)}/convex/{found['id']}")
    if found["convex"] == EXACT:
        click.echo("               who are told places exactly as they were sent")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _page_address(config: Config, owner: Owner, found: dict[str, Any]) -> str:
    """Where its live page is, for whoever may see it."""
    secret = f"?link={found['link']}" if found["visibility"] == "link" else ""
    return f"{public_address(config, owner)}/s/{found['id']}{secret}"
