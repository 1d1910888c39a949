"""The data folder: one owner, one version, and the small secrets that live beside the stores.

It knows where every file lies and who may open them; it does not know what is in the journal or in history, and has no
clock (the day is an argument). Every file it writes is replaced whole: a temporary file, fsync, rename, fsync of the folder.

    footfall.json     {"version", "store"}: written last, so that a folder without it was never finished
    lock              held with flock by the owner, with its process id inside
    journal.sqlite    the journal, the registry and checkpoints        history.duckdb   the rows
    secret.key        32 random bytes: the key of every hash           owner.key        what the owner signs in with
    salts.json        salts of the UTC day, two at most; leave it out of backups
    node.json         {"store"}: the folder is a node's of that cluster, and has no store of its own
    outgoing/         a backup or an export while it is made: whoever asked for it takes the files away
    migration/        the copy that `footfall migrate` carries, until it has
    migration.end     the day on which all of it was in a cluster: what comes here since does not get there
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from footfall.errors import FolderInUse, Full, NewerVersion, StoreRefused

VERSION = 1
Migration = Callable[[Path], None]
OURS = frozenset(
    {"footfall", "lock", "journal", "history", "secret", "owner", "salts", "server", "outgoing", "migration", "node"}
)  # names up to the first dot
_CARRIED = "migration.end"
MIGRATIONS: Mapping[int, Migration] = {}  # from version n to n + 1; must bear being cut off and run again


class Folder:
    """An open data folder. Made by `open_folder`; nobody else can open it until `close`.

    `store_id` names the store in every file that belongs to it; `secret` is 32 bytes; `owner_key` is url-safe text.
    `warnings` are sentences for the owner. A fork shares the lock: open it in the process that uses it.
    """

    def __init__(self, path: Path, lock: int, store_id: str, warnings: tuple[str, ...]) -> None:
        self.path = path
        self.store_id = store_id
        self.warnings = (*warnings, *_carried_away(path))
        self.journal = path / "journal.sqlite"
        self.history = path / "history.duckdb"
        self.outgoing = path / "outgoing"
        self.secret = _secret(path)
        self.owner_key = _owner_key(path)
        self._lock: int | None = lock
        self._node = path / "node.json"
        self._salts_file = path / "salts.json"
        self._salts = _read_salts(self._salts_file)

    def salt(self, day: int) -> bytes:
        """The salt of a UTC day (days since 1970), 32 bytes; made on first use and durable before it is returned.

        Making one forgets all but this day and its neighbour (there is never more than one: a second would lie two days off).
        It writes two fsyncs' worth wherever it is called, once a day. Raises Full when it cannot be written.
        """
        found = self._salts.get(day)
        if found is not None:
            return found
        salts = {kept: salt for kept, salt in self._salts.items() if abs(kept - day) == 1}
        salts[day] = secrets.token_bytes(32)
        try:
            write_private(self._salts_file, json.dumps({kept: salt.hex() for kept, salt in salts.items()}).encode())
        except OSError as error:
            raise Full(f"the salt of the day cannot be written: {error.strerror}") from error
        self._salts = salts
        return salts[day]

    def share(self, store_id: str, secret: bytes, owner_key: str) -> None:
        """Take the keys of a cluster, so that whoever is at this machine finds the owner's where it always is. Raises
        StoreRefused when the folder has a store of its own, which other keys would make useless."""
        if self.journal.exists() or self.history.exists():
            raise StoreRefused(f"{self.path} holds a store of its own", "name another data folder for this node of the cluster")
        if (secret, owner_key) != (self.secret, self.owner_key):
            write_private(self.path / "secret.key", secret)
            write_private(self.path / "owner.key", owner_key.encode() + b"\n")
        if not self.is_shared:
            write_private(self._node, json.dumps({"store": store_id}).encode())
        self.store_id, self.secret, self.owner_key = store_id, secret, owner_key

    @property
    def is_shared(self) -> bool:
        """Whether its keys are a cluster's: without that it would open empty, with the keys of others."""
        return self._node.exists()

    def close(self) -> None:
        """Let others open the folder; a second call does nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_folder(
    path: Path, *, version: int = VERSION, migrations: Mapping[int, Migration] = MIGRATIONS, patience: float = 1.0
) -> Folder:
    """Open the data folder at `path`, making it if there is none, and migrate it forward to `version`. It and all its files
    are for this user alone (modes 0700 and 0600); what was open to others is closed, and a warning says so.

    Raises FolderInUse while another process owns it (after `patience` seconds: a process that was just killed needs a
    moment to die), NewerVersion, or StoreRefused when a part is missing that cannot be made again.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _take_lock(path / "lock", patience)
    try:
        return Folder(path, lock, _store_id(path, version, migrations), _closed_to_others(path))
    except BaseException:
        os.close(lock)
        raise


def in_use(path: Path) -> bool:
    """Whether a process owns the folder now."""
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def keys_of(path: Path) -> tuple[str, bytes, str]:
    """Store id, secret and owner's key of a folder that another process may own. Raises StoreRefused, NewerVersion."""
    if not (path / "footfall.json").exists():
        raise StoreRefused(f"{path} holds no store", "name another one with --data-folder")
    return _store_id(path, VERSION, {}), _secret(path), _owner_key(path)


def read_salts(path: Path) -> dict[int, bytes]:
    """The salts of a folder that another process may own. Raises StoreRefused."""
    return _read_salts(path / "salts.json")


@contextmanager
def taken(path: Path) -> Iterator[None]:
    """Nobody else can open the folder within. Raises FolderInUse."""
    lock = _take_lock(path / "lock", patience=1.0)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def carrying(path: Path) -> Iterator[None]:
    """Nobody else carries a store elsewhere within; who serves it is not disturbed. Raises FolderInUse."""
    handle = os.open(path / "footfall.json", os.O_RDWR)  # `lock` is its owner's
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise FolderInUse(
            f"{path} is being carried into a cluster by another process", "let that one go on, or stop it"
        ) from None
    finally:
        os.close(handle)


def carried_away(path: Path, day: str) -> None:
    """All of the store is elsewhere since that day; "": it is not, or not any more. For the owner of the folder alone."""
    if day:
        write_private(path / _CARRIED, day.encode())
    else:
        (path / _CARRIED).unlink(missing_ok=True)


def _take_lock(file: Path, patience: float) -> int:
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.005)
                continue
            holder = os.read(lock, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise FolderInUse(
                f"{file.parent} is in use by process {holder}", f"stop process {holder}, or choose another data folder"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
        return lock


def _store_id(path: Path, version: int, migrations: Mapping[int, Migration]) -> str:
    """Read the version file, migrating as needed, or finish the making of a new folder."""
    file = path / "footfall.json"
    try:
        identity = json.loads(file.read_bytes())
        found, store_id = int(identity["version"]), str(identity["store"])
    except FileNotFoundError:
        return _make(path, file, version)
    except (ValueError, TypeError, KeyError) as error:
        raise StoreRefused(f"{file} cannot be read: {error}", "restore it from a backup of this folder") from error
    if found > version:
        raise NewerVersion(f"{path} has version {found}, this Footfall knows {version}", "install the newer Footfall again")
    for step in range(found, version):
        migrations[step](path)
        _write_identity(file, step + 1, store_id)
    return store_id


def _make(path: Path, file: Path, version: int) -> str:
    stores = [name for name in ("journal.sqlite", "history.duckdb") if (path / name).exists()]
    if stores:
        raise StoreRefused(
            f"{path} holds {' and '.join(stores)} but no footfall.json",
            "restore the whole folder from one backup, or choose an empty folder",
        )
    if not (path / "secret.key").exists():
        write_private(path / "secret.key", secrets.token_bytes(32))
    store_id = secrets.token_hex(16)
    _write_identity(file, version, store_id)
    return store_id


def _write_identity(file: Path, version: int, store_id: str) -> None:
    write_private(file, json.dumps({"version": version, "store": store_id}).encode())


def _secret(path: Path) -> bytes:
    try:
        secret = (path / "secret.key").read_bytes()
    except FileNotFoundError:
        secret = b""
    if len(secret) != 32:
        raise StoreRefused(
            f"{path / 'secret.key'} is missing or is not 32 bytes long",
            "restore it from a backup; without it every visitor would count as new",
        )
    return secret


def _owner_key(path: Path) -> str:
    """The key, made anew when there is none: deleting the file is how an owner changes it."""
    file = path / "owner.key"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(24).encode() + b"\n")
    key = file.read_text("utf-8").strip()
    if len(key) < 16:
        raise StoreRefused(f"{file} holds less than 16 characters", "delete it: the next start makes a new key")
    return key


def _read_salts(file: Path) -> dict[int, bytes]:
    try:
        return {int(day): bytes.fromhex(salt) for day, salt in json.loads(file.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreRefused(
            f"{file} cannot be read: {error}", "delete it: visitors without a session count once more today"
        ) from error


def _carried_away(path: Path) -> tuple[str, ...]:
    file = path / _CARRIED
    if not file.exists():
        return ()
    return (
        f"this store was carried into a cluster on {file.read_text('utf-8')}: what comes here since does not get there;"
        f" run footfall migrate again, or delete {file} to go on without the cluster",
    )


def _closed_to_others(path: Path) -> tuple[str, ...]:
    """Take from others what they could read; a sentence for each that they could. What lay in a closed folder they could not.

    Said and not done where it is not ours to do: in another user's files, and to a folder with other things in it (a home).
    """
    inside = list(path.iterdir())
    ours = [file for file in inside if file.name.partition(".")[0] in OURS and file.name != "footfall.toml"]
    foreign = any(file.name.partition(".")[0] not in OURS for file in inside)
    reachable = path.stat().st_mode & 0o077
    told = []
    for file in (path, *sorted(ours)):
        found = file.stat()
        mode = found.st_mode & 0o777
        if not mode & 0o077:
            continue
        if found.st_uid != os.geteuid() or (file == path and foreign):
            told.append(f"{file} is open to other users of this machine (mode {mode:04o}): chmod {mode & 0o700:o} {file}")
        else:
            file.chmod(mode & 0o700)
            if reachable:
                told.append(f"{file} was open to other users of this machine (mode {mode:04o}) until this start; now it is not")
    return tuple(told)


def write_private(file: Path, content: bytes) -> None:
    """Write a private file whole or not at all, durable on return."""
    temporary = file.with_name(file.name + ".new")
    temporary.unlink(missing_ok=True)  # left by a crash; only the owner of the lock comes here
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(handle)
    os.rename(temporary, file)
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
