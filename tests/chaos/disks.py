"""Small disks of our own: a tmpfs that can be filled and emptied. Mounting wants root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1 << 20


class Disk:
    """A mounted tmpfs. `fill` leaves so many bytes free, `free` gives the space back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    @property
    def left(self) -> int:
        """Bytes that are free."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Write until no more than `leave` bytes are free, however others write meanwhile."""
        with self._ballast.open("ab") as file:
            while (size := self.left - leave) > 0:
                while size:
                    try:
                        os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
                        break
                    except OSError:
                        size //= 2

    def take(self, file: Path) -> None:
        """Move a file here and leave a link where it was."""
        shutil.move(file, self.path)
        file.symlink_to(self.path / file.name)

    def free(self) -> None:
        """Remove what `fill` wrote."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def mounted(path: Path, size: int) -> Iterator[Disk]:
    """A disk of `size` bytes at `path`; unmounted when it is left. Skips without root, unless tests are strict."""
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True, text=True)
    if done.returncode:
        why = f"mounting a small disk wants root: {done.stderr.strip()}"
        if os.environ.get("FOOTFALL_TESTS_STRICT") == "1":
            pytest.fail(why)
        pytest.skip(why)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
