"""The types that the page is checked with are those of the Python structs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_file_is_fresh() -> None:
    """web/live/wire.ts is what script/wire-types would write."""
    command = [sys.executable, str(ROOT / "script" / "wire-types"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
