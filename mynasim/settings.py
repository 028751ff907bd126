"""One settings file (TOML) for portal and world, or the environment; ``mynasim settings`` explains every entry.

An environment variable ``MYNASIM_<SECTION>__<NAME>`` stands above the file: ``MYNASIM_PORTAL__PORT=9000``,
``MYNASIM_WORLD__PORTS__JPKI=9001``, ``MYNASIM_ADDRESSES__JPKI=http://…``.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from portal.refusal import Refusal
from portal.serving.limits import ServingLimits, about
from portal.settings import PortalSettings
from portal.wire.complaints import complaint
from sim.network.rates import rate_of
from sim.world.settings import Addresses, WorldSettings

PREFIX = "MYNASIM_"
FILE_NAME = "settings.toml"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """すべての設定."""

    portal: Annotated[PortalSettings, about("マイナポータル")] = PortalSettings()
    world: Annotated[WorldSettings, about("模擬システム")] = WorldSettings()
    limits: Annotated[ServingLimits, about("どのシステムにも当てはまる上限")] = ServingLimits()
    addresses: Annotated[Addresses, about("つなぎ先。空なら、この計算機の上の設定されたポート")] = Addresses()


class SettingsWrong(Refusal):
    """What is wrong in the settings, where, and what to do."""


def check_traffic(rate: str) -> None:
    """What was typed as ``--traffic``. Raises :class:`SettingsWrong`."""
    try:
        rate_of(rate)
    except ValueError as error:
        raise SettingsWrong(f"--traffic の値「{rate}」を読めません。{error}") from error


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this file, with the environment above it; without a file the defaults. Raises :class:`SettingsWrong`."""
    content: dict[str, Any] = {}
    if path is not None:
        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsWrong(f"設定ファイル {path} を読めません（{error.strerror}）。") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsWrong(f"設定ファイル {path} はTOMLとして読めません（{error}）。") from error
    for name, value in sorted(environment.items()):
        if name.startswith(PREFIX) and "__" in name:
            _put(content, name.removeprefix(PREFIX).lower().split("__"), value, name)
    try:
        settings = msgspec.convert(content, Settings, strict=False)
    except msgspec.ValidationError as error:
        where = "環境変数または設定ファイル" if path is None else f"設定ファイル {path} または環境変数"
        raise SettingsWrong(
            f"{where}に誤りがあります: {_complaint(error)}。書ける項目は mynasim settings で見られます。"
        ) from error
    if settings.portal.workers > 1 and not settings.portal.store:
        raise SettingsWrong(
            f"ポータルのプロセスを{settings.portal.workers}個にするには、保管庫をPostgreSQLにしてください"
            "（--store postgresql://… 、または設定 [portal] の store）。SQLiteの保管庫はプロセス1個のためのものです。"
        )
    return settings


def _complaint(error: msgspec.ValidationError) -> str:
    words, place = complaint(error)
    where = place.removeprefix("$").removeprefix(".")
    return f"{where}: {words}" if where else words


def _put(content: dict[str, Any], names: list[str], value: str, variable: str) -> None:
    place = content
    for name in names[:-1]:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise SettingsWrong(f"環境変数 {variable} の名前が設定の形に合いません。")
    place[names[-1]] = value


def to_environment(settings: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, str]:
    """Environment variables that say the same as these nested settings."""
    found: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= to_environment(value, (*path, name))
        else:
            found[PREFIX + "__".join((*path, name)).upper()] = str(value)
    return found


def explained(settings: Settings) -> str:
    """The settings as a TOML file that explains itself."""
    lines = [
        "# mynasim の設定。値を変えるときは、このファイルを保存して --settings で渡すか、",
        f"# 状態フォルダーに {FILE_NAME} という名前で置きます。",
        "# 環境変数でも指定できます。例: MYNASIM_PORTAL__PORT=9000",
    ]
    _explain(settings, "", lines)
    return "\n".join(lines) + "\n"


def _explain(part: msgspec.Struct, path: str, lines: list[str]) -> None:
    hints = get_type_hints(type(part), include_extras=True)
    sections: list[tuple[str, msgspec.Struct, str]] = []
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        description = _description(hints[field.name])
        if isinstance(value, msgspec.Struct):
            sections.append((f"{path}{field.name}", value, description))
            continue
        lines.append(f"# {description}")
        lines.append(f"{field.name} = {_toml(value)}")
    for name, value, description in sections:
        lines += ["", f"# {description}", f"[{name}]"]
        _explain(value, f"{name}.", lines)


def _description(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        for meta in get_args(hint)[1:]:
            if isinstance(meta, msgspec.Meta) and meta.description:
                return meta.description
    raise AssertionError(f"a setting without an explanation: {hint}")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    assert isinstance(value, str), value
    return msgspec.json.encode(value).decode()
