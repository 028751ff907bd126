"""Towns (町名) and the address of a household within them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["TownTable", "address_text"]


class TownTable:
    """Some towns of each municipality, split from the shipped text when first asked for."""

    def __init__(self) -> None:
        text = (files("sim.nation") / "data" / "towns.csv").read_text(encoding="utf-8")
        self._lines = {line[:5]: line[6:] for line in text.splitlines()}
        self._towns: dict[str, tuple[tuple[str, bool, str], ...]] = {}

    def of(self, code: str) -> tuple[tuple[str, bool, str], ...]:
        """(postal code, numbered in 丁目, ward and town) of a municipality.

        The town is empty for the few villages whose post knows none.
        """
        towns = self._towns.get(code)
        if towns is None:
            fields = self._lines[code[:5]].split(",")
            towns = tuple((f[:7], f[7] == "c", f[8:]) for f in fields)
            self._towns[code] = towns
        return towns


@cache
def towns() -> TownTable:
    """The shipped table."""
    return TownTable()


def address_text(prefix: str, town: str, *, chome: bool, alone: bool, bits: int) -> str:
    """An address as the resident registry writes it; `bits` are 32 of the household's draw.

    People who live alone have a room number more often than not. Lots are invented: they need not exist.
    """
    lot = (bits >> 3 & 31) % 30 + 1
    house = (bits >> 8 & 31) % 25 + 1
    if chome:
        text = f"{prefix}{town}{(bits & 7) % 5 + 1}丁目{lot}番{house}号"
    else:
        text = f"{prefix}{town}{bits >> 3 & 2047 or 1}番地{house}"
    if (bits >> 14 & 15) < (10 if alone else 5):
        text += f" {(bits >> 18 & 15) % 9 + 1}{(bits >> 22 & 7) + 1:02d}号室"
    return text
