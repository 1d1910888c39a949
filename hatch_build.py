"""Builds web/ into src/footfall/static while a wheel, an sdist or an editable install is made.

Needs no node: `deno`, a wheel on PyPI, installs the npm packages named by web/deno.lock and runs web/build.ts. It is asked
for only when web/ has changed since static/ was built (by content, not by time): an sdist carries both and needs neither.
FOOTFALL_DENO names a deno of one's own, for builds without isolation.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DENO = "deno>=2.9,<3"
STAMP = "BUILD"  # in static/: the digest of the web/ that it was built from


def digest(web: Path) -> str:
    """What everything under web/ but the installed packages amounts to."""
    sum = hashlib.sha256()
    for file in sorted(web.rglob("*")):
        name = file.relative_to(web)
        if name.parts[0] != "node_modules" and file.is_file():
            sum.update(name.as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return sum.hexdigest()


def build(web: Path, static: Path, deno: str) -> None:
    """Build beside `static` and put it in place whole, so that a failure leaves what was there."""
    fresh = static.with_name(".static.tmp").absolute()
    shutil.rmtree(fresh, ignore_errors=True)
    env = {**os.environ, "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    env.setdefault("DENO_TLS_CA_STORE", "mozilla,system")  # networks with a certificate authority of their own
    before = digest(web)
    for arguments in (["install", "--frozen"], ["run", "-A", "--frozen", "build.ts", str(fresh)]):
        # in web/: deno looks for node_modules where it is run; stdout belongs to the build front end
        subprocess.run([deno, *arguments], cwd=web, env=env, check=True, stdout=sys.stderr)
    (fresh / STAMP).write_text(before)
    shutil.rmtree(static, ignore_errors=True)
    fresh.rename(static)


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own affair
    PLUGIN_NAME = "custom"

    @property
    def web(self) -> Path:
        return Path(self.root, "web")

    @property
    def static(self) -> Path:
        return Path(self.root, "src", "footfall", "static")

    def fresh(self) -> bool:
        stamp = self.static / STAMP
        return stamp.is_file() and stamp.read_text() == digest(self.web)

    def dependencies(self) -> list[str]:
        return [] if self.fresh() or os.environ.get("FOOTFALL_DENO") else [DENO]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.fresh():
            return
        deno = os.environ.get("FOOTFALL_DENO") or shutil.which("deno")
        if not deno:
            raise RuntimeError("deno was not found: leave build isolation on, install it, or set FOOTFALL_DENO")
        build(self.web, self.static, deno)
