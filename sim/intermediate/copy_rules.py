"""What may be registered as a copy, and which items may be withheld. Pure rules; who asks is another matter."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from portal.wire.disclosure import CopyItem
from portal.wire.intermediate_keeping import CopyEntry
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.texts import forbidden_in
from sim.intermediate.layouts import in_layout, item_kind, layout_of
from sim.nation.catalogue import Catalogue, Information
from sim.nation.organisations import organisation

ITEM_VALUE_CHARACTERS_MAX: Final = 1_000
"""Of one item; the longest that the nation itself makes has some 50."""
COPY_BYTES_MAX: Final = 256 * 1024
"""Of all items of one copy together, as JSON: beside its documents it must fit into one delivery."""


def unfit(field: str, detail: str) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, detail, field=field)


def wrong_copy(catalogue: Catalogue, code: str, number: int, entry: CopyEntry) -> Problem | None:
    """What is wrong with this entry of a send, counted from 0, of the organisation *code*; its person is known."""
    where, nth = f"$.copies[{number}]", f"{number + 1}件目: "
    kind = catalogue.information.get(entry.information)
    if kind is None:
        return unfit(
            f"{where}.information",
            f"{nth}特定個人情報名コード「{entry.information}」はカタログにありません。",
        )
    if (stranger := not_a_holder(kind, code)) is not None:
        return unfit(f"{where}.information", nth + stranger)
    layout = layout_of(kind, entry.version)
    if layout is None:
        return unfit(f"{where}.version", f"{nth}データ標準レイアウトの版「{entry.version}」はありません。")
    if not entry.items:
        return unfit(
            f"{where}.items",
            f"{nth}項目が1つもありません。情報がなくなったときは、副本を削除してください（DELETE /dbm/copies）。",
        )
    for place, item in enumerate(entry.items):
        if not in_layout(layout, item.name):
            return unfit(
                f"{where}.items[{place}].name",
                f"{nth}項目「{item.name}」は、版{entry.version}のレイアウトにありません。"
                f"あるのは {'、'.join(layout.items)} です。",
            )
    return _wrong_items(where, nth, entry.items)


def _wrong_items(where: str, nth: str, items: Sequence[CopyItem]) -> Problem | None:
    seen: set[str] = set()
    for place, item in enumerate(items):
        here = f"{where}.items[{place}]"
        if item.name in seen:
            return unfit(
                f"{here}.name",
                f"{nth}項目「{item.name}」が2つあります。繰り返す項目には、1からの番号を付けてください。",
            )
        seen.add(item.name)
        if len(item.value) > ITEM_VALUE_CHARACTERS_MAX:
            return unfit(
                f"{here}.value",
                f"{nth}項目「{item.name}」は{ITEM_VALUE_CHARACTERS_MAX}文字までです"
                f"（受け取ったのは{len(item.value)}文字）。",
            )
        if (at := forbidden_in(item.value, lines=True)) is not None:
            return unfit(f"{here}.value", f"{nth}項目「{item.name}」の{at + 1}文字目は使えない文字です。")
    if (size := len(msgspec.json.encode(items))) > COPY_BYTES_MAX:
        return unfit(
            f"{where}.items",
            f"{nth}1人分の副本は{COPY_BYTES_MAX // 1024}KBまでです（受け取ったのは{size // 1024}KB）。",
        )
    return None


def doubled_copy(entries: Sequence[CopyEntry]) -> Problem | None:
    """A send that says two things about one person and kind: nobody knows which of them holds."""
    count = Counter((entry.person, entry.information) for entry in entries)
    if len(count) == len(entries):
        return None
    seen: dict[tuple[int, str], int] = {}
    for number, entry in enumerate(entries):
        first = seen.setdefault((entry.person, entry.information), number)
        if first != number:
            return unfit(
                f"$.copies[{number}]",
                f"{number + 1}件目: {first + 1}件目と同じ人の、同じ特定個人情報です。1つにしてください。",
            )
    raise AssertionError("counted as doubled, but not found")


def not_a_holder(kind: Information, code: str) -> str | None:
    if organisation(code).kind in kind.holders:
        return None
    return f"この機関は「{kind.name}」を保有する機関ではありません。"


def wrong_items_to_withhold(kind: Information, items: Sequence[str], held: Collection[str]) -> Problem | None:
    """An item that no layout of this kind knows would be withheld in vain, and disclosed.

    *held* are the names in the copy of today: a numbered name is known only where there is such an item.
    """
    known = {name: None for layout in kind.layouts for name in layout.items}
    for place, name in enumerate(items):
        if name in known or (item_kind(name) in known and name in held):
            continue
        numbered = [each for each in held if each not in known]
        return unfit(
            f"$.items[{place}]",
            f"「{kind.name}」に項目「{name}」はありません。何も登録していません。"
            f"指定できるのは {'、'.join([*known, *numbered])} です。",
        )
    return None
