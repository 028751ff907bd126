"""Settings: one file or the environment; every entry explained, every mistake named."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from mynasim.settings import Settings, SettingsWrong, explained, load, to_environment


def test_what_is_explained_can_be_read_back(tmp_path: Path) -> None:
    text = explained(Settings())
    file = tmp_path / "settings.toml"
    file.write_text(text, "utf-8")
    assert load(file, {}) == Settings()


def test_every_entry_has_its_explanation() -> None:
    lines = explained(Settings()).splitlines()
    entries = [number for number, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    assert len(entries) > 30
    assert all(lines[number - 1].startswith("# ") for number in entries)


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[portal]\nport = 9000\n[world.ports]\njpki = 9001\n", "utf-8")
    loaded = load(file, {"MYNASIM_PORTAL__PORT": "9100", "MYNASIM_ADDRESSES__JPKI": "http://other:1"})
    assert (loaded.portal.port, loaded.world.ports.jpki) == (9100, 9001)
    assert loaded.addresses.jpki == "http://other:1"


def test_settings_survive_the_way_through_the_environment() -> None:
    settings = Settings()
    given = msgspec.to_builtins(settings)
    del given["portal"]["policies"]
    assert load(None, to_environment(given)) == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[portal]\nprot = 1\n", "prot"),
        ("[portal]\nport = 70000\n", "portal.port"),
        ("[portal]\nport = 'x'\n", "portal.port"),
        ("[portal\n", "TOML"),
        ("[nothing]\n", "nothing"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsWrong, match=said) as wrong:
        load(file, {})
    assert str(file) in str(wrong.value)


def test_several_processes_need_a_database() -> None:
    with pytest.raises(SettingsWrong, match=r"2個.*PostgreSQL.*SQLite"):
        load(None, {"MYNASIM_PORTAL__WORKERS": "2"})
    assert load(None, {"MYNASIM_PORTAL__WORKERS": "2", "MYNASIM_PORTAL__STORE": "postgresql://a/b"})
    assert load(None, {"MYNASIM_PORTAL__STORE": "postgresql://a/b"}).portal.workers == 1
    with pytest.raises(SettingsWrong, match=r"portal\.store"):
        load(None, {"MYNASIM_PORTAL__STORE": "mysql://a/b"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match=r"none\.toml"):
        load(tmp_path / "none.toml", {})


def test_the_explanation_is_toml() -> None:
    assert set(tomllib.loads(explained(Settings()))) == {"portal", "world", "limits", "addresses"}
