"""予防接種: the rules of one programme, by which a municipality's system works (USE-1). No I/O.

The scenario ``vaccination`` and the campaign that is followed in the browser both go by these.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from portal.wire.disclosure import CopyItem
from portal.wire.intermediate_keeping import CopyEntry
from portal.wire.notices import NoticeContent
from sim.nation.copies import duplicate_copy
from sim.nation.holdings import VACCINATION
from sim.nation.nation import Nation
from sim.nation.organisations import Organisation
from sim.nation.person import Person

AFFAIR: Final = "JM90000000000003"
"""予防接種の実施に関する事務."""
VACCINE: Final = "高齢者肺炎球菌"
AGE_FIRST, AGE_LAST = 65, 69
KEPT_DAYS: Final = 180
"""保存期限 of its notices."""
FIRST: Final = "予防接種のお知らせ"
AGAIN: Final = "予防接種がまだの方へ"
_ITEM: Final = "接種記録"
_NOTHING: Final = "記録なし"


class Claim(NamedTuple):
    """請求: a medical institution (医療機関) has vaccinated somebody."""

    person: int
    vaccinated_on: date


def due(nation: Nation, body: Organisation, today: date, closed: Collection[int]) -> list[Person]:
    """Residents of the age for it who are not on record as vaccinated, and whose case no claim has *closed*."""
    municipality = body.municipality
    assert municipality is not None, body
    return [
        person
        for person in map(nation.person, nation.residents_of(municipality))
        if AGE_FIRST <= person.age(today) <= AGE_LAST
        and person.n not in closed
        and not any(VACCINE in item.value for item in _items(nation, body, person))
    ]


def _items(nation: Nation, body: Organisation, person: Person) -> tuple[CopyItem, ...]:
    copy = duplicate_copy(nation, body, person, VACCINATION)
    items = () if copy is None else copy.items
    return tuple(CopyItem(name, value) for name, value in items if value != _NOTHING)


def notice(title: str, today: date) -> NoticeContent:
    text = f"{VACCINE}の予防接種の対象です。\nこのお知らせを医療機関で見せてください。"
    return NoticeContent(title, text, today + timedelta(days=KEPT_DAYS))


def recipients_file(people: Iterable[int]) -> bytes:
    """宛先ファイル."""
    return "\n".join(["宛名番号", *(f"{n:015d}" for n in people)]).encode()


def vaccination_copies(
    nation: Nation, body: Organisation, claims: Sequence[Claim], today: date
) -> tuple[CopyEntry, ...]:
    """副本: what was on record before, and what each claim adds."""
    entries = []
    for claim in claims:
        items = _items(nation, body, nation.person(claim.person))
        day = claim.vaccinated_on
        record = CopyItem(f"{_ITEM}{len(items) + 1}", f"{VACCINE} 1回目 {day.year}年{day.month}月{day.day}日")
        entries.append(CopyEntry(claim.person, VACCINATION, "0001", today, (*items, record)))
    return tuple(entries)
