"""What each of the owner's doors takes: the owner, or a key of which scope. One table, which the guard of the doors reads.

docs/wire.md has it for people; tests/http/test_scopes.py compares both with the doors that there are.
"""

from __future__ import annotations

from typing import NamedTuple

from footfall.keys import ADMIN, READ, WRITE

OWNER = "owner"  # no key: what makes keys, or opens the house to whoever has the answer


class Takes(NamedTuple):
    """The scope of a key, or OWNER; `everywhere`: of one that is for all sites."""

    scope: str
    everywhere: bool = False


SITE = "/api/sites/{site}"
DEFINITIONS = ("goals", "segments", "annotations")
SCOPES: dict[tuple[str, str], Takes] = {
    ("GET", "/api/sites"): Takes(ADMIN, everywhere=True),
    ("GET", SITE): Takes(ADMIN),
    ("PUT", SITE): Takes(ADMIN),
    ("PATCH", SITE): Takes(ADMIN),
    ("DELETE", SITE): Takes(ADMIN, everywhere=True),
    ("POST", f"{SITE}/link"): Takes(ADMIN),
    ("PUT", f"{SITE}/content/{{kind}}/{{slug:path}}"): Takes(WRITE),
    **{("GET", f"{SITE}/{field}"): Takes(READ) for field in DEFINITIONS},
    **{("POST", f"{SITE}/{field}"): Takes(WRITE) for field in DEFINITIONS},
    **{("GET", f"{SITE}/{field}/{{id}}"): Takes(READ) for field in DEFINITIONS},
    **{("PUT", f"{SITE}/{field}/{{id}}"): Takes(WRITE) for field in DEFINITIONS},
    **{("DELETE", f"{SITE}/{field}/{{id}}"): Takes(WRITE) for field in DEFINITIONS},
    ("GET", f"{SITE}/import"): Takes(ADMIN),
    ("POST", f"{SITE}/import/{{table}}"): Takes(ADMIN),
    ("POST", f"{SITE}/rows"): Takes(ADMIN),
    ("POST", f"{SITE}/erase"): Takes(ADMIN),
    ("POST", f"{SITE}/reclassify"): Takes(ADMIN),
    ("POST", f"{SITE}/backfill"): Takes(ADMIN),
    ("GET", f"{SITE}/ledger"): Takes(READ),
    ("POST", "/api/verify"): Takes(ADMIN, everywhere=True),
    ("POST", "/api/export"): Takes(ADMIN, everywhere=True),
    ("POST", "/api/backup"): Takes(OWNER),
    ("POST", "/api/welcome"): Takes(OWNER),
    ("GET", "/api/keys"): Takes(OWNER),
    ("POST", "/api/keys"): Takes(OWNER),
    ("DELETE", "/api/keys/{id}"): Takes(OWNER),
}
