"""Settings: where they come from, which source wins, and what is said about a value that does not fit."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from footfall.config import SETTINGS, Config, load, reference
from footfall.errors import InvalidInput

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_defaults_are_those_of_the_table() -> None:
    """Nothing given: every setting has the default that the table states, with the folder below the home of the user."""
    config = load({}, {"HOME": "/home/ann"}, None)
    assert config.data_folder == Path("/home/ann/.local/share/footfall")
    assert {s.name: getattr(config, s.name) for s in SETTINGS if s.name != "data_folder"} == {
        s.name: s.default for s in SETTINGS if s.name != "data_folder"
    }


def test_flags_overrule_the_environment_which_overrules_the_file() -> None:
    """Each source wins over the one below it, and only for what it says."""
    config = load(
        {"port": "3", "host": None}, {"FOOTFALL_PORT": "2", "FOOTFALL_HOST": "::1"}, 'port = 1\nhost = "a"\nmax_viewers = 5'
    )
    assert (config.port, config.host, config.max_viewers) == (3, "::1", 5)


def test_the_data_folder_follows_the_desktop_standard() -> None:
    """XDG_DATA_HOME moves the folder when it is absolute; a relative one is ignored, as the standard says."""
    assert load({}, {"HOME": "/h", "XDG_DATA_HOME": "/d"}, None).data_folder == Path("/d/footfall")
    assert load({}, {"HOME": "/h", "XDG_DATA_HOME": "d"}, None).data_folder == Path("/h/.local/share/footfall")
    assert load({"data_folder": "~/x"}, {"HOME": "/h"}, None).data_folder == Path("/h/x")


@pytest.mark.parametrize(
    ("name", "given", "parsed"),
    [
        ("trusted_proxies", "10.0.0.0/8, ::1", ("10.0.0.0/8", "::1")),
        ("trusted_proxies", ("10.0.0.1", "fd00::/8,192.168.1.0/24"), ("10.0.0.1", "fd00::/8", "192.168.1.0/24")),
        ("trusted_proxies", "", ()),
        ("rate_limit", "0.5", 0.5),
        ("public_url", "https://stats.example/", "https://stats.example"),
        ("disk_floor_bytes", "1 GiB", 1 << 30),
        ("disk_floor_bytes", "0", 0),
        ("max_pending_bytes", 1024, 1024),
        ("metrics_listen", "[::1]:9187", "[::1]:9187"),
        ("data_folder", "./data", Path("data")),
        ("log_format", " json ", "json"),
        ("place_headers", "cloudflare", "cloudflare"),
    ],
)
def test_values_are_read_from_text(name: str, given: object, parsed: object) -> None:
    """The ways in which a value may be written."""
    assert getattr(load({name: given}, {"HOME": "/h"}, None), name) == parsed


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "http"),
        ("port", True),
        ("port", 1.5),
        ("rate_limit", "0"),
        ("rate_limit", "inf"),
        ("rate_limit", "nan"),
        ("trusted_proxies", "my-proxy"),
        ("trusted_proxies", 5),
        ("public_url", "stats.example"),
        ("public_url", "https://stats.example/below"),
        ("public_url", 'https://"onload=alert(1)'),
        ("metrics_listen", "9187"),
        ("metrics_listen", "127.0.0.1:99999"),
        ("log_format", "xml"),
        ("place_headers", "nginx"),
        ("place_headers", ""),
        ("disk_floor_bytes", "1 GB"),
        ("disk_floor_bytes", "-1"),
        ("disk_floor_bytes", -1),
        ("max_window_entries", -1),
        ("max_viewers", "-1"),
        ("data_folder", ""),
        ("host", ""),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(name: str, given: object) -> None:
    """The error names the setting as its source spells it, and what was expected of it."""
    expected = next(setting.expected for setting in SETTINGS if setting.name == name)
    flag = "--" + name.replace("_", "-")
    with pytest.raises(InvalidInput) as caught:
        load({name: given}, {}, None)
    assert str(caught.value) == f"{flag}: expected {expected}"
    if isinstance(given, str):
        with pytest.raises(InvalidInput) as caught:
            load({}, {f"FOOTFALL_{name.upper()}": given}, None)
        assert caught.value.field == f"FOOTFALL_{name.upper()}"
        with pytest.raises(InvalidInput) as caught:
            load({}, {}, f"{name} = '''{given}'''")
        assert caught.value.field == name


def test_unknown_names_are_refused_wherever_they_come_from() -> None:
    """A typo is named; variables that are no settings of the server are left alone."""
    with pytest.raises(InvalidInput, match=r"^prot: "):
        load({}, {}, "prot = 1")
    with pytest.raises(InvalidInput, match=r"^FOOTFALL_PROT: "):
        load({}, {"FOOTFALL_PROT": "1"}, None)
    with pytest.raises(InvalidInput, match=r"^prot: "):
        load({"prot": "1"}, {}, None)
    load({}, {"FOOTFALL_CONFIG": "x", "FOOTFALL_TESTS_STRICT": "1", "PATH": "/bin"}, None)


def test_a_file_that_is_no_toml_is_refused() -> None:
    """The message says that it is the file, and where in it."""
    with pytest.raises(InvalidInput, match=r"^configuration file: expected TOML .*line 1"):
        load({}, {}, "port = = 1\n")


def test_settings_cannot_be_changed_later() -> None:
    """A Config is a value."""
    with pytest.raises(FrozenInstanceError):
        load({}, {}, None).port = 1  # type: ignore[misc]  # that is the point
    assert Config() == Config()


def test_the_documentation_is_the_table() -> None:
    """docs/configuration.md is written by script/lint; this fails when somebody forgot."""
    assert DOCS.read_text("utf-8") == reference()
