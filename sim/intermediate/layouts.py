"""Layout versions (データ標準レイアウトの版): a provider's copy in one version, an inquirer that reads another.

Layouts change by adding items. A copy is converted by one step, up or down: what the newer layout adds is empty in a
converted older copy, what the older one does not know is left out. That this is so, and that an older copy is converted
for a year after its layout was replaced, is **assumed**; otherwise the outcome is a mismatch.
"""

from datetime import date, timedelta
from typing import Final, NamedTuple

from portal.wire.disclosure import CopyItem
from portal.wire.linkage import ProvidedContent
from sim.nation.catalogue import Information, Layout

GRACE_DAYS: Final = 365


class HeldCopy(NamedTuple):
    """副本 as a server holds it."""

    version: str
    as_of: date
    items: tuple[CopyItem, ...]


def layout_of(information: Information, version: str) -> Layout | None:
    return next((layout for layout in information.layouts if layout.version == version), None)


def previous_layout(information: Information, on: date) -> Layout:
    """The layout before the one that is valid on a day; the same where there was none before."""
    index = information.layouts.index(information.layout(on))
    return information.layouts[max(index - 1, 0)]


def item_kind(name: str) -> str:
    """The layout's name of an item; a repeated item bears a number."""
    return name.rstrip("0123456789")


def in_layout(layout: Layout, name: str) -> bool:
    return name in layout.items or item_kind(name) in layout.items


def convert(information: Information, copy: HeldCopy, wanted: str, on: date) -> ProvidedContent | None:
    """The copy in the layout *wanted*, or None when it can't be brought into it on this day."""
    if copy.version == wanted:
        return ProvidedContent(copy.as_of, copy.version, copy.items)
    have, want = layout_of(information, copy.version), layout_of(information, wanted)
    if have is None or want is None:
        return None
    step = information.layouts.index(want) - information.layouts.index(have)
    older, newer = (have, want) if step > 0 else (want, have)
    if abs(step) != 1 or not set(older.items) <= set(newer.items):
        return None
    if have is older and on > newer.valid_from + timedelta(days=GRACE_DAYS):
        return None
    items = tuple(item for item in copy.items if in_layout(want, item.name))
    there = {item_kind(item.name) for item in items} | {item.name for item in items}
    added = tuple(CopyItem(name, "") for name in want.items if name not in have.items and name not in there)
    return ProvidedContent(copy.as_of, wanted, items + added, copy.version)
