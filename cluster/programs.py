"""Where the servers' programs come from: fetched once into the user's cache folder; nothing is installed into the system.

ClickHouse 18.16, ZooKeeper and the proxies of deploy/ are Debian's packages, unpacked; a modern ClickHouse is its makers' library
from npm; NATS comes with the Python packages of the tests. All of it takes about half a minute, once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
SYSTEM = Path("/")
DEBIAN = ("clickhouse-server", "zookeeper")
PROXIES = ("nginx", "caddy")


class Missing(Exception):
    """A program is not here and cannot be fetched; the text says which, and why."""


def cache() -> Path:
    """Where what was fetched is kept, for all checkouts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "footfall" / "cluster"


def beside_python(command: str) -> str:
    """A program that a Python package brought, or that the system has."""
    found = shutil.which(command, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        raise Missing(f"{command} is not installed; `pip install -e .[test]` brings it")
    return found


def java() -> str:
    """The Java that ZooKeeper runs in."""
    found = shutil.which("java")
    if not found:
        raise Missing("ZooKeeper needs java; on Debian it is the package default-jre-headless")
    return found


def debian() -> Path:
    """The root of Debian's packages: the system's if it has them, else of the unpacked ones, with what they need besides."""
    installed = all((SYSTEM / file).exists() for file in ("usr/sbin/clickhouse-server", "usr/share/java/zookeeper.jar"))
    return SYSTEM if installed else _once("debian", lambda folder: _unpack(folder, *DEBIAN))


def proxy(name: str) -> str:
    """nginx or Caddy: the system's if it has it, else unpacked."""
    found = shutil.which(name)
    if found:
        return found
    root = _once("proxies", lambda folder: _unpack(folder, *PROXIES))
    return str(next(root.glob(f"usr/*bin/{name}")))


def libchdb() -> Path:
    """The library of a modern ClickHouse. `deno.json` says which, `deno.lock` holds its checksum."""
    version = (HERE / "deno.json").read_text("utf-8").partition("lib-linux-x64-gnu@")[2].partition('"')[0]
    return _once(f"libchdb-{version}", _install) / "libchdb.so"


def fetch() -> None:
    """Fetch whatever is missing."""
    beside_python("nats-server")
    java()
    debian()
    libchdb()
    for name in PROXIES:
        proxy(name)


def _once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, made unless it is there. It has its name only when all of it is there."""
    folder = cache() / name
    if folder.is_dir():
        return folder
    making = cache() / f"{name}.{os.getpid()}"
    making.mkdir(parents=True)
    try:
        make(making)
        if not folder.is_dir():  # another process may have been quicker
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _unpack(folder: Path, *packages: str) -> None:
    if not shutil.which("apt-get"):
        raise Missing(f"{' and '.join(packages)} come from Debian, and this system has no apt-get")
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True)
    options = [
        f"Dir::Cache::archives={archives}",
        "Debug::NoLocking=1",
    ]  # it changes nothing of the system's, so without its lock
    if os.geteuid() == 0:
        options.append("APT::Sandbox::User=root")  # apt's own user may not be allowed to write here
    settings = [word for option in options for word in ("-o", option)]
    _run(["apt-get", "-qq", "-y", "--download-only", "--no-install-recommends", *settings, "install", "--reinstall", *packages])
    for package in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(folder)])
    shutil.rmtree(archives)
    if not (folder / "usr").exists():
        raise Missing(f"apt-get brought nothing for {' and '.join(packages)}")


def _install(folder: Path) -> None:
    for name in "deno.json", "deno.lock":
        shutil.copy(HERE / name, folder)
    downloads = folder / "downloads"
    command = [beside_python("deno"), "install", "--frozen", "--quiet"]
    _run(command, cwd=folder, env={**os.environ, "DENO_DIR": str(downloads)})
    library = next(folder.glob("node_modules/.deno/*/node_modules/@chdb/*/libchdb.so"), None)
    if library is None:
        raise Missing("the modern ClickHouse is built for Linux on x86-64 with glibc alone")
    library.rename(folder / "libchdb.so")
    shutil.rmtree(folder / "node_modules")
    shutil.rmtree(downloads)


def _run(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"`{' '.join(command[:2])}` failed: {(done.stderr or done.stdout).strip()[-800:]}")
