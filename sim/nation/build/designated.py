"""The twenty designated cities (政令指定都市): the registry package lists their wards, not themselves."""

from __future__ import annotations

__all__ = ["DESIGNATED_CITIES", "city_of_ward"]

# Five-digit code and reading. A ward's code lies between its city's and the next city's.
DESIGNATED_CITIES: dict[str, str] = {
    "01100": "サッポロシ",
    "04100": "センダイシ",
    "11100": "サイタマシ",
    "12100": "チバシ",
    "14100": "ヨコハマシ",
    "14130": "カワサキシ",
    "14150": "サガミハラシ",
    "15100": "ニイガタシ",
    "22100": "シズオカシ",
    "22130": "ハママツシ",
    "23100": "ナゴヤシ",
    "26100": "キョウトシ",
    "27100": "オオサカシ",
    "27140": "サカイシ",
    "28100": "コウベシ",
    "33100": "オカヤマシ",
    "34100": "ヒロシマシ",
    "40100": "キタキュウシュウシ",
    "40130": "フクオカシ",
    "43100": "クマモトシ",
}


def city_of_ward(code: str) -> str | None:
    """The designated city that the ward `code` belongs to; None for a municipality of its own."""
    if code[:2] == "13" or not 100 < int(code[2:]) < 200:
        return None
    return max(city for city in DESIGNATED_CITIES if city[:2] == code[:2] and city < code)
