"""What every side's page shows."""

from pathlib import Path
from typing import Any, NamedTuple

TEMPLATES = Path(__file__).parent / "page_templates"


class Shown(NamedTuple):
    asked_on: str
    inquirer: str
    provider: str
    affair: str
    information: str
    provided: bool


_RECORDS = [
    Shown(
        f"2026年{number % 12 + 1}月3日",
        "模擬市",
        "模擬県",
        "児童手当の支給",
        "地方税関係情報",
        number % 3 > 0,
    )
    for number in range(20)
]
_MENU = [("やりとり履歴", "/records"), ("わたしの情報", "/self-information"), ("アカウント設定", "/account")]


def content() -> dict[str, Any]:
    return {"menu": _MENU, "nickname": "たろう", "records": _RECORDS}
