"""The reference model of layouts (データ標準レイアウトの版): which one a holder's copies may be in, and what another reads of them.

A layout only ever gains items. Who reads a newer one finds the items of the older copy, and empty ones for what is new;
who reads an older one finds what that one knows. A year after a layout was replaced nobody brings old copies into the new
one any more.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from scenarios.explorer.deck_acts import Act
from sim.nation.catalogue import Layout, catalogue
from sim.nation.circumstances import Circumstances
from sim.nation.copies import copy_for
from sim.nation.nation import Nation
from sim.nation.organisations import organisation

GRACE = timedelta(days=365)
Items = tuple[tuple[str, str], ...]


class Read(NamedTuple):
    """What an inquirer may find: the items, their layout, and the copy's own if that was another one."""

    version: str
    converted_from: str | None
    items: Items


def layouts_of(information: str) -> tuple[Layout, ...]:
    return catalogue().information_of(information).layouts


def has_changed(information: str) -> bool:
    """Whether there is an older layout to keep copies in."""
    return len(layouts_of(information)) > 1


@dataclass(slots=True)
class Told:
    """An organisation was told in which layout to keep its copies."""

    is_old: bool
    act: Act


class Shelves:
    """副本 of all organisations of a run, as those know who told them."""

    def __init__(self) -> None:
        self._told: dict[str, list[Told]] = {}

    def __repr__(self) -> str:
        return f"<Shelves: {len(self._told)}>"

    def tell(self, code: str, at: int, *, is_old: bool) -> Told:
        told = Told(is_old, Act(at))
        self._told.setdefault(code, []).append(told)
        return told

    def is_old(self, code: str, began: int, ended: int) -> frozenset[bool]:
        """Whether its copies may have been in the layout before, or in the present one, between these places."""
        begun = [each for each in self._told.get(code, ()) if each.act.began < ended]
        last_sure = max(
            (each.act.began for each in begun if each.act.is_certain and each.act.ended < began), default=-1
        )
        may = {each.is_old for each in begun if not each.act.is_certain or each.act.ended >= last_sure}
        return frozenset(may | {False}) if last_sure < 0 else frozenset(may)

    def versions(self, code: str, information: str, began: int, ended: int) -> list[str]:
        """The layouts that its copies of this kind may be in."""
        *_, now = layouts = layouts_of(information)
        before = layouts[max(len(layouts) - 2, 0)]
        return [(before if is_old else now).version for is_old in sorted(self.is_old(code, began, ended))]


def held(nation: Nation, code: str, life: Circumstances, information: str, version: str) -> Items | None:
    """The copy that this organisation keeps of somebody, in this layout."""
    found = copy_for(nation, organisation(code), life, information, version=version)
    return None if found is None else tuple(found.items)


def read(information: str, items: Items, version: str, wanted: str) -> Read:
    """What somebody who reads the layout *wanted* finds in a copy that is in the layout *version*."""
    by_version = {layout.version: layout for layout in layouts_of(information)}
    have, want = by_version[version], by_version[wanted]
    if have is want:
        return Read(wanted, None, items)
    known = tuple((name, value) for name, value in items if name.rstrip("0123456789") in want.items)
    new = tuple((name, "") for name in want.items if name not in have.items)
    return Read(wanted, version, known + new)


def is_mismatch(information: str, version: str, wanted: str, on: date) -> bool:
    """Whether nobody converts that any more."""
    newer = layouts_of(information)[-1]
    return version != wanted == newer.version and on > newer.valid_from + GRACE
