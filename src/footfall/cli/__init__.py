"""The command line: it reads arguments, calls, prints. No decision about facts, sites or files is made here.

Exit codes: 0 done, 1 refused or found wrong (one message says what and how to repair it), 2 used wrongly, 130 interrupted.
"""

from __future__ import annotations

import os
from importlib.metadata import version

import click

from footfall.cli.care import backfill, erase, reclassify, verify
from footfall.cli.command import Commands
from footfall.cli.copies import backup, export, import_footfall, restore
from footfall.cli.importing import import_
from footfall.cli.keys import key
from footfall.cli.migrating import migrate
from footfall.cli.serving import demo, password, serve, sink
from footfall.cli.sites import site


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every setting is also an environment variable and a line of a TOML file: see docs/configuration.md.",
)
@click.version_option(version("footfall"), prog_name="footfall", message="%(prog)s %(version)s")
def main() -> None:
    """Counts the readers of your websites and shows them live.

    \b
    Start it:           footfall serve
    Watch it alive:     footfall demo
    Count a site:       footfall site add blog --host blog.example
    """
    os.umask(0o077)  # what it writes is for this user alone


import_.add_command(import_footfall)
for command in (
    serve,
    sink,
    demo,
    site,
    key,
    password,
    import_,
    export,
    backup,
    restore,
    migrate,
    erase,
    reclassify,
    verify,
    backfill,
):
    main.add_command(command)
