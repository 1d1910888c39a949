"""The virtual environment that the other scripts run in: made, and brought up to date, only when something changed.

Plain Python with venv and pip, nothing else. It imports nothing of the project.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "footfall.json"  # what the environment was made from
STATIC = ROOT / "src" / "footfall" / "static"


def ready(extra: str = "") -> Path:
    """The environment's bin folder, with this checkout (and the extra's packages) installed."""
    if sys.version_info < (3, 11):  # noqa: UP036  # this is the file that finds out
        sys.exit(f"Footfall needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    os.chdir(ROOT)
    wanted = {"made_of": _fingerprint(), "extras": [extra] if extra else []}
    found = _found()
    if found["made_of"] == wanted["made_of"] and set(wanted["extras"]) <= set(found["extras"]) and STATIC.is_dir():
        return PYTHON.parent
    wanted["extras"] = sorted({*wanted["extras"], *found["extras"]})
    _make_venv()
    target = f".[{','.join(wanted['extras'])}]" if wanted["extras"] else "."
    say("Installing packages and building the web files. This happens only when they changed.")
    run([str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "-e", target])
    STAMP.write_text(json.dumps(wanted))
    return PYTHON.parent


def say(sentence: str) -> None:
    """To people; what a command answers goes to stdout."""
    print(sentence, file=sys.stderr, flush=True)


def run(command: list[str], **options: object) -> None:
    """Run a command; if it fails, so does the script, with the same code."""
    code = subprocess.run(command, check=False, **options).returncode  # type: ignore[call-overload]  # options are passed on
    if code:
        say(f"failed ({code}): {' '.join(command)}")
        sys.exit(code)


def _make_venv() -> None:
    works = PYTHON.exists() and subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True).returncode == 0
    if works:
        return
    say("Making a virtual environment in .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"{made.stdout}{made.stderr}\nIf venv is missing: on Debian and Ubuntu it is the package python3-venv.")


def _found() -> dict[str, list[str]]:
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {"made_of": "", "extras": []}


def _fingerprint() -> str:
    """Everything that an install depends on: where this is, the Python, the packaging, the web files."""
    sum = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    web = [file for file in sorted((ROOT / "web").rglob("*")) if "node_modules" not in file.parts and file.is_file()]
    for file in [ROOT / "pyproject.toml", ROOT / "hatch_build.py", *web]:
        sum.update(b"\0" + file.read_bytes())
    return sum.hexdigest()
