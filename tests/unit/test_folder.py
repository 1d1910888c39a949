"""The data folder: one owner, one version, its secrets, its salts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.errors import FolderInUse, Full, NewerVersion, StoreRefused
from footfall.folder import VERSION, in_use, keys_of, open_folder, read_salts

HOLD = """
import sys
from pathlib import Path
from footfall.folder import open_folder
folder = open_folder(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that has the folder open."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_folder_that_is_open_is_looked_at_from_outside(tmp_path: Path) -> None:
    """Whether it is in use, whose it is, its salts; one that holds nothing is left empty."""
    with pytest.raises(StoreRefused, match="holds no store"):
        keys_of(tmp_path)
    assert not list(tmp_path.iterdir())
    folder = open_folder(tmp_path)
    salt = folder.salt(100)
    assert in_use(tmp_path)
    assert keys_of(tmp_path) == (folder.store_id, folder.secret, folder.owner_key)
    assert read_salts(tmp_path) == {100: salt}
    folder.close()
    assert not in_use(tmp_path)


def test_a_new_folder_is_private_and_keeps_its_secrets(tmp_path: Path) -> None:
    """What is made once is the same at every start, and nobody else can read it."""
    path = tmp_path / "deep" / "data"
    first = open_folder(path)
    salt = first.salt(20_000)
    seen = (first.store_id, first.secret, first.owner_key)
    assert (len(first.secret), len(salt)) == (32, 32)
    assert len(first.owner_key) >= 24
    assert first.warnings == ()
    first.close()
    first.close()
    assert mode(path) == 0o700
    assert {file.name: mode(file) for file in path.iterdir()} == dict.fromkeys(
        ("footfall.json", "lock", "owner.key", "salts.json", "secret.key"), 0o600
    )

    second = open_folder(path)
    assert (second.store_id, second.secret, second.owner_key) == seen
    assert second.salt(20_000) == salt
    second.close()


def test_two_folders_share_nothing(tmp_path: Path) -> None:
    """Every secret is random."""
    one, two = open_folder(tmp_path / "one"), open_folder(tmp_path / "two")
    assert one.store_id != two.store_id
    assert one.secret != two.secret
    assert one.owner_key != two.owner_key
    assert one.salt(1) != two.salt(1)
    one.close()
    two.close()


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    """A second process is refused and told who has it, this process too; after a close it may."""
    process = holder(tmp_path / "data")
    with pytest.raises(FolderInUse, match=f"process {process.pid}"):
        open_folder(tmp_path / "data", patience=0)
    process.communicate("")
    folder = open_folder(tmp_path / "data", patience=0)
    with pytest.raises(FolderInUse, match=f"process {os.getpid()}"):
        open_folder(tmp_path / "data", patience=0)
    folder.close()
    open_folder(tmp_path / "data", patience=0).close()


def test_a_killed_owner_is_followed_at_once(tmp_path: Path) -> None:
    """Opened in the moment after SIGKILL, while the other may still be dying."""
    for _ in range(3):
        process = holder(tmp_path / "data")
        process.kill()
        open_folder(tmp_path / "data", patience=30).close()
        process.communicate()


def test_what_others_could_read_is_closed_and_said(tmp_path: Path) -> None:
    """A folder made by hand is open to others on most machines, and so is all that was made in it."""
    path = tmp_path / "data"
    open_folder(path).close()
    for name in ("journal.sqlite-wal", "history.duckdb", "server.json"):
        (path / name).touch()
        (path / name).chmod(0o644)  # whatever the umask
    path.chmod(0o755)
    (path / "secret.key").chmod(0o644)
    folder = open_folder(path)
    assert mode(path) == 0o700
    assert {mode(file) for file in path.iterdir()} == {0o600}
    assert len(folder.warnings) == 5
    assert "0755" in folder.warnings[0]
    folder.close()
    (path / "history.duckdb").chmod(0o644)  # as a server that is not ours makes it; nobody could reach it
    folder = open_folder(path)
    assert folder.warnings == ()
    assert mode(path / "history.duckdb") == 0o600
    folder.close()


def test_a_folder_with_other_things_in_it_is_not_closed(tmp_path: Path) -> None:
    """It may be a home or worse: the warning says what to do, and our own files in it are closed."""
    path = tmp_path / "home"
    path.mkdir()
    path.chmod(0o755)
    (path / "letters").mkdir()
    (path / "footfall.toml").touch()
    for name, others in (("letters", 0o755), ("footfall.toml", 0o644)):  # whatever the umask
        (path / name).chmod(others)
    folder = open_folder(path)
    assert [mode(path), mode(path / "letters"), mode(path / "footfall.toml")] == [0o755, 0o755, 0o644]
    assert folder.warnings == (f"{path} is open to other users of this machine (mode 0755): chmod 700 {path}",)
    folder.close()


def test_a_newer_folder_is_refused(tmp_path: Path) -> None:
    """And can be opened by who wrote it afterwards."""
    open_folder(tmp_path / "data", version=VERSION + 1).close()
    with pytest.raises(NewerVersion, match="repair: "):
        open_folder(tmp_path / "data")
    open_folder(tmp_path / "data", version=VERSION + 1).close()


def test_an_older_folder_is_migrated_step_by_step(tmp_path: Path) -> None:
    """Each step once; one that fails is done again at the next start, those before it are not."""
    path = tmp_path / "data"
    made = open_folder(path, version=1)
    store_id = made.store_id
    made.close()
    done: list[str] = []

    def fails(folder: Path) -> None:
        done.append("2 failed")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        open_folder(path, version=4, migrations={1: lambda folder: done.append(f"1 {folder.name}"), 2: fails})
    steps = {1: lambda folder: done.append("1 again"), 2: lambda folder: done.append("2"), 3: lambda folder: done.append("3")}
    folder = open_folder(path, version=4, migrations=steps)
    assert done == ["1 data", "2 failed", "2", "3"]
    assert folder.store_id == store_id
    folder.close()
    assert json.loads((path / "footfall.json").read_bytes()) == {"version": 4, "store": store_id}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": "x", "store": "y"}'])
def test_a_version_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing is guessed."""
    open_folder(tmp_path / "data").close()
    (tmp_path / "data" / "footfall.json").write_bytes(content)
    with pytest.raises(StoreRefused, match="repair: "):
        open_folder(tmp_path / "data")


def test_stores_without_their_version_file_are_refused(tmp_path: Path) -> None:
    """A folder that was restored in part is not taken for a new one."""
    open_folder(tmp_path / "data").close()
    (tmp_path / "data" / "journal.sqlite").touch()
    (tmp_path / "data" / "footfall.json").unlink()
    with pytest.raises(StoreRefused, match=r"journal\.sqlite"):
        open_folder(tmp_path / "data")


def test_a_start_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    """The secret is written before the version file: the half-made folder is completed with the same secret."""
    folder = open_folder(tmp_path / "data")
    secret = folder.secret
    folder.close()
    (tmp_path / "data" / "footfall.json").unlink()
    (tmp_path / "data" / "footfall.json.new").write_bytes(b"half")
    again = open_folder(tmp_path / "data")
    assert again.secret == secret
    again.close()


@pytest.mark.parametrize("secret", [None, b"", b"short"])
def test_a_lost_secret_is_not_replaced(tmp_path: Path, secret: bytes | None) -> None:
    """A new one would make every visitor new without a word."""
    open_folder(tmp_path / "data").close()
    file = tmp_path / "data" / "secret.key"
    file.unlink()
    if secret is not None:
        file.write_bytes(secret)
    with pytest.raises(StoreRefused, match="repair: "):
        open_folder(tmp_path / "data")


def test_a_deleted_owner_key_is_made_anew(tmp_path: Path) -> None:
    """That is how it is changed; an empty one is refused."""
    folder = open_folder(tmp_path / "data")
    before = folder.owner_key
    folder.close()
    (tmp_path / "data" / "owner.key").unlink()
    folder = open_folder(tmp_path / "data")
    assert folder.owner_key != before
    folder.close()
    (tmp_path / "data" / "owner.key").write_text("\n")
    with pytest.raises(StoreRefused, match="delete it"):
        open_folder(tmp_path / "data")


def days_kept(path: Path) -> list[int]:
    return sorted(int(day) for day in json.loads((path / "salts.json").read_bytes()))


def test_salts_last_two_days(tmp_path: Path) -> None:
    """Older ones are gone from the file; the day before can be asked for after midnight without losing today's."""
    folder = open_folder(tmp_path)
    today = folder.salt(100)
    tomorrow = folder.salt(101)
    assert folder.salt(100) == today
    assert today != tomorrow
    folder.salt(102)
    assert days_kept(tmp_path) == [101, 102]
    folder.salt(110)
    assert days_kept(tmp_path) == [110]
    folder.salt(109)
    assert days_kept(tmp_path) == [109, 110]
    folder.close()


def test_a_salt_that_cannot_be_written_is_a_full_disk(tmp_path: Path) -> None:
    """Full, which doors answer with 503; nothing is used that was not written, and the next call tries again."""
    folder = open_folder(tmp_path)
    (tmp_path / "salts.json.new").mkdir()
    with pytest.raises(Full, match="salt"):
        folder.salt(100)
    (tmp_path / "salts.json.new").rmdir()
    folder.salt(100)
    assert days_kept(tmp_path) == [100]
    folder.close()


def test_a_clock_that_was_ahead_does_no_lasting_harm(tmp_path: Path) -> None:
    """Salts of days to come are forgotten when the clock is right again."""
    folder = open_folder(tmp_path)
    folder.salt(900)
    folder.salt(100)
    assert days_kept(tmp_path) == [100]
    folder.salt(101)
    assert folder.salt(100) == folder.salt(100)
    assert days_kept(tmp_path) == [100, 101]
    folder.close()


def test_salts_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    """The repair says what it costs."""
    open_folder(tmp_path).close()
    (tmp_path / "salts.json").write_bytes(b'{"1": "zz"}')
    with pytest.raises(StoreRefused, match="delete it"):
        open_folder(tmp_path)
