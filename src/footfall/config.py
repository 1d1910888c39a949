"""Every setting, once: its name, type, default and one sentence. A file is overruled by the environment, that by flags.

Pure: the environment, the flags and the text of the file are arguments; nothing is read or written here. The fields of
`Config` are the table: SETTINGS, the flags of `footfall serve` and docs/configuration.md all come from them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

from footfall.errors import InvalidInput

PREFIX = "FOOTFALL_"
NOT_SETTINGS = frozenset(
    {"FOOTFALL_CONFIG", "FOOTFALL_DENO", "FOOTFALL_DEV", "FOOTFALL_TESTS_STRICT"}
)  # read elsewhere, for other ends
UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
MIB = UNITS["mib"]
LOG_FORMATS = ("auto", "console", "json")
PLACE_HEADERS = ("any", "none", "akamai", "appengine", "cloudflare", "cloudfront", "netlify", "vercel")


def _about(expected: str, sentence: str) -> dict[str, str]:
    """What a field of Config carries. `expected` completes "expected ..." in the error of a value that does not fit."""
    return {"expected": expected, "sentence": sentence}


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one process. Sizes are bytes, spans are seconds."""

    data_folder: Path = field(
        default=Path("~/.local/share/footfall"),
        metadata=_about("a folder", "Where everything is kept; `$XDG_DATA_HOME/footfall` if that variable is set."),
    )
    cluster: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "addresses of NATS servers such as nats://10.0.0.1:4222, separated by commas",
            "Be a node of a cluster: journal, sites and keys are in the JetStream of these servers (`pip install "
            "'footfall[cluster]'`); the data folder keeps nothing that would be missed.",
        ),
    )
    clickhouse: str = field(
        default="",
        metadata=_about(
            "an address such as http://user:password@host:8123/database?cluster=name, several separated by commas",
            "Where the history of a cluster is, which `footfall sink` fills. With `cluster=` its tables are made on all servers "
            "of that name.",
        ),
    )
    cluster_partitions: int = field(
        default=8,
        metadata=_about(
            "a whole number from 1 to 1024",
            "Into how many parts the journal of a cluster is cut. The first node decides, once and for all.",
        ),
    )
    cluster_replicas: int = field(
        default=3,
        metadata=_about(
            "1, 3 or 5",
            "How many NATS servers hold each part of it; what most of them have is durable. The first node decides.",
        ),
    )
    host: str = field(default="127.0.0.1", metadata=_about("an address to listen on", "The address the server listens on."))
    port: int = field(
        default=8787,
        metadata=_about("a whole number from 0 to 65535", "The port the server listens on; 0 takes any that is free."),
    )
    public_url: str = field(
        default="",
        metadata=_about(
            "an http(s) address without a path",
            "The address readers reach the server at, when that is a proxy's: `https://stats.example`.",
        ),
    )
    trusted_proxies: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "addresses or networks such as 10.0.0.0/8, separated by commas",
            "Proxies whose `X-Forwarded-For` and location headers are believed; behind one that is not named, all readers "
            "look like one.",
        ),
    )
    place_headers: str = field(
        default="any",
        metadata=_about(
            f"one of {', '.join(PLACE_HEADERS)}",
            "The platform that trusted proxies belong to: its location headers alone are believed, so that readers cannot make "
            f"up those of another. {', '.join(f'`{name}`' for name in PLACE_HEADERS[2:])}; `any`: of all; `none`: of none.",
        ),
    )
    rate_limit: float = field(
        default=50.0,
        metadata=_about(
            "a number above 0",
            "Facts (or KiB, where these are more) that one address may send per second; ten times as many in a burst.",
        ),
    )
    max_viewers: int = field(
        default=10_000,
        metadata=_about(
            "a whole number, 0 or more",
            "How many may watch live pages at the same time, with those whom the original's clients connect.",
        ),
    )
    metrics_listen: str = field(
        default="",
        metadata=_about(
            "host:port",
            "Serve `/metrics` there without a key: `127.0.0.1:9187`; empty: only with the owner's key, on the main port. "
            "`footfall sink` has no other port: it serves `/healthz` there too.",
        ),
    )
    city_database: str = field(
        default="",
        metadata=_about(
            "a file",
            "A MaxMind-format file that knows cities, read at the start; empty: only the country of an address is known.",
        ),
    )
    log_format: str = field(
        default="auto",
        metadata=_about("auto, console or json", "How the log is written; auto: for people on a terminal, JSON lines otherwise."),
    )
    max_pending_bytes: int = field(
        default=256 * MIB,
        metadata=_about(
            "a size such as 256MiB", "Memory for what waits to be written to history; collecting answers 503 beyond it."
        ),
    )
    max_window_entries: int = field(
        default=0,
        metadata=_about(
            "a whole number, 0 or more",
            "What the last hour may keep in memory over all sites (ids, views, visits, readers, minutes), in entries of about 25"
            " bytes; a visitor makes some 150. Collecting answers 503 beyond it. 0: a quarter of the machine's memory.",
        ),
    )
    disk_floor_bytes: int = field(
        default=256 * MIB,
        metadata=_about("a size such as 256MiB", "Collecting stops, with 503, while the disk has less than this free."),
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table."""

    name: str
    kind: str  # path, text, int, float, list or size
    default: object
    expected: str
    sentence: str

    @property
    def env(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def shown(self) -> str:
        """Its default as a person writes it; "" for none."""
        if self.kind == "size":
            return f"{cast(int, self.default) // MIB}MiB"
        return "" if self.default == () else str(self.default)


def _kind(name: str, annotation: str) -> str:
    if name.endswith("_bytes"):
        return "size"
    return {"Path": "path", "str": "text", "int": "int", "float": "float", "tuple[str, ...]": "list"}[annotation]


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(f.name, _kind(f.name, cast(str, f.type)), f.default, f.metadata["expected"], f.metadata["sentence"])
    for f in fields(Config)
    if f.default is not MISSING
)


def load(flags: Mapping[str, object], env: Mapping[str, str], toml_text: str | None) -> Config:
    """The settings that result from a file's text (None: no file), the environment, and flags (None: not given).

    Raises InvalidInput, which names the setting as its source spells it.
    """
    known = {setting.name: setting for setting in SETTINGS}
    values: dict[str, Any] = {}
    for name, value in _from_file(toml_text).items():
        values[name] = _parse(_known(known, name, name), value, name)
    for setting in SETTINGS:
        if (text := env.get(setting.env)) is not None:
            values[setting.name] = _parse(setting, text, setting.env)
    for variable in env:
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            _known(known, variable.removeprefix(PREFIX).lower(), variable)
    for name, value in flags.items():
        if value is not None:
            setting = _known(known, name, name)
            values[name] = _parse(setting, value, setting.flag)
    folder = values.get("data_folder", _default_folder(env))
    values["data_folder"] = _expand(folder, env)
    return Config(**values)


def reference() -> str:
    """docs/configuration.md."""
    lines = [
        "# Settings",
        "",
        "Every setting is a flag of `footfall serve`, a variable of the environment, and a line of a TOML file. A flag overrules",
        "the variable, the variable overrules the file. The file is the one that `--config` or `FOOTFALL_CONFIG` names, else",
        "`footfall.toml` in the data folder, if there is one. Names that are not in this table are refused, so that a typo does",
        'not go unnoticed. Sizes may be written as `512MiB`; lists as `a, b` in the environment, `["a", "b"]` in TOML, and by',
        "repeating the flag.",
        "",
        "| in the file | in the environment | default | what it is |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{s.name}` | `{s.env}` | {f'`{s.shown}`' if s.shown else 'none'} | {s.sentence} |" for s in SETTINGS]
    return "\n".join(lines) + "\n"


def _from_file(toml_text: str | None) -> dict[str, object]:
    try:
        return tomllib.loads(toml_text or "")
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput("configuration file", f"TOML ({error})") from error


def _known(known: Mapping[str, Setting], name: str, spelled: str) -> Setting:
    if name not in known:
        raise InvalidInput(spelled, "one of the settings: " + ", ".join(known))
    return known[name]


def _default_folder(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_DATA_HOME", "")
    return Path(base if base.startswith("/") else "~/.local/share") / "footfall"  # the standard: relative ones are ignored


def _expand(folder: Path, env: Mapping[str, str]) -> Path:
    home = env.get("HOME")
    if home and folder.parts[:1] == ("~",):
        return Path(home, *folder.parts[1:])
    return folder


def _parse(setting: Setting, value: object, spelled: str) -> object:
    try:
        parsed = PARSERS[setting.kind](value)
        check = CHECKS.get(setting.name)
        return check(parsed) if check else parsed
    except (ValueError, TypeError) as error:
        raise InvalidInput(spelled, setting.expected) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    return Path(_filled(_text(value)))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(text for item in value for part in _text(item).split(",") if (text := part.strip()))


def _size(value: object) -> int:
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+)\s*([kmg]ib|)", value.strip().lower())):
        return int(match[1]) * UNITS[match[2]]
    return cast(int, _that(size := _whole(value), size >= 0))


def _that(value: Any, holds: bool) -> Any:
    if not holds:
        raise ValueError
    return value


def _filled(text: str) -> str:
    return cast(str, _that(text, text != ""))


def _servers(items: tuple[str, ...]) -> tuple[str, ...]:
    for item in items:
        _that(item, re.fullmatch(r"(nats|tls|ws|wss)://[^\s,]+", item) is not None)
    return items


def _networks(items: tuple[str, ...]) -> tuple[str, ...]:
    for item in items:
        ip_network(item, strict=False)
    return items


def _listen(text: str) -> str:
    return cast(
        str, _that(text, text == "" or (re.fullmatch(r".+:\d{1,5}", text) is not None and int(text.rpartition(":")[2]) <= 65535))
    )


def _url(text: str) -> str:
    text = text.rstrip("/")
    return cast(str, _that(text, text == "" or re.fullmatch(r"https?://[^/?#\s'\"<>]+", text) is not None))


PARSERS: Mapping[str, Callable[[object], object]] = {
    "path": _path,
    "text": _text,
    "int": _whole,
    "float": _number,
    "list": _list,
    "size": _size,
}
CHECKS: Mapping[str, Callable[[Any], object]] = {
    "cluster": _servers,
    "cluster_partitions": lambda value: _that(value, 1 <= value <= 1024),
    "cluster_replicas": lambda value: _that(value, value in (1, 3, 5)),
    "host": _filled,
    "port": lambda value: _that(value, 0 <= value <= 65535),
    "public_url": _url,
    "trusted_proxies": _networks,
    "place_headers": lambda value: _that(value, value in PLACE_HEADERS),
    "rate_limit": lambda value: _that(value, 0 < value < float("inf")),
    "max_viewers": lambda value: _that(value, value >= 0),
    "metrics_listen": _listen,
    "log_format": lambda value: _that(value, value in LOG_FORMATS),
    "max_window_entries": lambda value: _that(value, value >= 0),
}
