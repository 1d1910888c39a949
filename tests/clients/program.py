"""deno, with the clients of the lock file installed beside this file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
# Nobody is asked for a newer deno, and networks with a certificate authority of their own are fine.
ENVIRONMENT = {"DENO_TLS_CA_STORE": "mozilla,system", **os.environ, "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


@cache
def deno() -> str:
    """The program, ready to run what is here."""
    found = shutil.which("deno", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found is not None, "deno is one of the packages of the tests"
    subprocess.run([found, "install", "--frozen", "--quiet"], cwd=HERE, env=ENVIRONMENT, check=True)
    return found


def bundle(file: Path) -> bytes:
    """The React page of page/ as one script."""
    subprocess.run([deno(), "run", "-A", "--quiet", "bundle.ts", str(file)], cwd=HERE, env=ENVIRONMENT, check=True)
    return file.read_bytes()
