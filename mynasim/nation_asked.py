"""What the commands of ``mynasim nation`` share: options, the nation that is looked at, what is wrong in plain words."""

import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mynasim import place
from mynasim.nation_conditions import NationRefused
from mynasim.output import say
from mynasim.settings import FILE_NAME, load
from sim.nation import census_table, export
from sim.nation.municipalities import UnknownMunicipality
from sim.nation.nation import Nation, UnknownResident

FOUND_MAX = 10_000
"""More is taken out by `export`."""

State = Annotated[Path | None, Parameter(help="状態フォルダー。既定は利用者の状態フォルダーの中の mynasim。")]
SettingsFile = Annotated[
    Path | None,
    Parameter(name="--settings", help="設定ファイル（TOML）。既定は状態フォルダーの settings.toml。"),
]
Json = Annotated[bool, Parameter(help="1件を1行のJSONで書きます。", negative="")]


def nation_of(state: Path | None, settings_file: Path | None) -> Nation:
    folder = (state or place.default_state()).absolute()
    if state is not None and not folder.is_dir():
        # A world that has not begun has the nation that it will begin with; but it may be a slip of the pen.
        say(f"状態フォルダー {folder} はまだありません。そこで始まる世界の、はじめの国を示します。")
    file = settings_file
    if file is None and (folder / FILE_NAME).exists():
        file = folder / FILE_NAME
    return place.nation(folder, load(file).world)


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NationRefused(f"日「{text}」を読めません。2026-07-01 のように指定してください。") from error


@contextlib.contextmanager
def plain_words() -> Iterator[None]:
    """What the nation finds wrong is told as it is: it speaks for people."""
    try:
        yield
    except (
        UnknownResident,
        UnknownMunicipality,
        export.UnknownField,
        census_table.CensusTableError,
    ) as error:
        raise NationRefused(str(error)) from error
