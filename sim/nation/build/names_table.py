"""names.json: surnames by number of bearers, given names by sex and generation, both with readings.

The registry package gives bearers for surnames only. For given names the number of writings a reading has stands in
for how common it is, and its last syllable for the generation that favours it. Both are assumptions of ours.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from sim.nation.build.sources import given_names, surnames

__all__ = ["write"]

_WRITINGS_PER_READING = 4
_LEAST_WRITINGS = 8
_READING_LENGTH_MAX = 5
_TRADITIONAL_ENDINGS = {
    1: ("お", "いち", "じ", "ぞう", "きち", "ろう", "ゆき", "のり", "ひろ", "あき", "よし", "みつ", "のぶ", "し", "むね"),
    2: ("こ", "え", "よ", "み", "ゑ", "ね", "の"),
}  # fmt: skip
_MODERN_ENDINGS = {
    1: ("と", "た", "き", "や", "すけ", "せい", "る", "ま", "く", "が", "む", "ん"),
    2: ("な", "い", "か", "き", "り", "ん", "ゆ", "ほ", "あ", "さ", "お", "み", "の", "ら", "ね"),
}
_KATAKANA_OFFSET = 0x60


def write(path: Path) -> None:
    table: dict[str, list[list[str | int]]] = {
        "surnames": [[kanji, _katakana(kana), bearers] for kanji, kana, bearers in surnames()]
    }
    for sex, label in ((1, "men"), (2, "women")):
        readings = [(kana, kanji) for kana, kanji in given_names(sex) if len(kanji) >= _LEAST_WRITINGS]
        likelihood = _character_frequencies([kanji for _, writings in readings for kanji in writings])
        for generation, endings, excluded in (
            ("traditional", _TRADITIONAL_ENDINGS, {1: (), 2: ()}),
            ("modern", _MODERN_ENDINGS, {1: _TRADITIONAL_ENDINGS[1], 2: ()}),
        ):
            table[f"{label}_{generation}"] = _weighted(
                [r for r in readings if r[0].endswith(endings[sex]) and not r[0].endswith(excluded[sex])],
                likelihood,
            )
    with path.open("w", encoding="utf-8") as file:
        file.write("{\n")
        for number, (key, rows) in enumerate(table.items()):
            lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
            file.write(f"{json.dumps(key)}: [\n{lines}\n]{',' if number + 1 < len(table) else ''}\n")
        file.write("}\n")


def _weighted(readings: list[tuple[str, list[str]]], likelihood: Counter[str]) -> list[list[str | int]]:
    rows: list[list[str | int]] = []
    for kana, writings in readings:
        if len(kana) > _READING_LENGTH_MAX:
            continue
        best = sorted(writings, key=lambda kanji: (-_plausibility(kanji, likelihood), kanji))
        for rank, kanji in enumerate(best[:_WRITINGS_PER_READING]):
            rows.append([kanji, _katakana(kana), len(writings) * len(writings) // (rank + 1) + 1])
    return rows


def _character_frequencies(writings: list[str]) -> Counter[str]:
    return Counter(character for kanji in writings for character in kanji)


def _plausibility(kanji: str, frequencies: Counter[str]) -> float:
    """How ordinary a writing looks: common characters, and two of them rather than three."""
    rarest = min(frequencies[character] for character in kanji)
    return rarest / (1 + 2 * abs(len(kanji) - 2))


def _katakana(hiragana: str) -> str:
    return "".join(chr(ord(c) + _KATAKANA_OFFSET) if "ぁ" <= c <= "ゖ" else c for c in hiragana)
