"""A municipality's vaccination system and the clinics that send it their claims (予防接種システム, 医療機関): USE-1."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from portal.wire.disclosure import CopyItem
from portal.wire.intermediate_keeping import REGISTER_COPIES, CopyEntry, RegisterCopies, SendView
from portal.wire.notice_sending import NoticeSend, SendState
from portal.wire.notices import NoticeContent
from scenarios.actors.municipality import Municipality, words
from scenarios.checking import answered, equal
from scenarios.stage import Stage
from sim.nation.copies import duplicate_copy
from sim.nation.holdings import VACCINATION
from sim.nation.person import Person

VACCINE = "高齢者肺炎球菌"
AGE_FIRST, AGE_LAST = 65, 69
ITEM = "接種記録"
NOTHING = "記録なし"


class Claim(NamedTuple):
    """請求: a medical institution (医療機関) has vaccinated somebody."""

    person: int
    vaccinated_on: date


class VaccinationSystem:
    """予防接種システム: knows who is due, who was told, and who has come."""

    def __init__(self, stage: Stage, town: Municipality) -> None:
        self._stage = stage
        self._town = town
        self._sends = 0
        self.closed: set[int] = set()
        """Whose case a claim has closed."""
        self.on_paper: set[int] = set()
        """Who has no folder and gets a letter."""

    def __repr__(self) -> str:
        return f"VaccinationSystem({self._town!r})"

    def due(self) -> list[Person]:
        """Residents of the age for it who are not on record as vaccinated, and for whom no claim has come."""
        nation, today = self._stage.facts.nation, self._stage.today
        municipality = self._town.body.municipality
        assert municipality is not None
        people = map(nation.person, nation.residents_of(municipality))
        return [
            person
            for person in people
            if AGE_FIRST <= person.age(today) <= AGE_LAST
            and person.n not in self.closed
            and not any(VACCINE in item.value for item in self._items(person))
        ]

    def _items(self, person: Person) -> tuple[CopyItem, ...]:
        copy = duplicate_copy(self._stage.facts.nation, self._town.body, person, VACCINATION)
        items = () if copy is None else copy.items
        return tuple(CopyItem(name, value) for name, value in items if value != NOTHING)

    async def notify(self, people: list[Person], title: str) -> NoticeSend:
        """Check the folders, push to those who have one, write to the others on paper."""
        have = await self._town.have_folders(people)
        reached = [person for person, has in zip(people, have, strict=True) if has]
        self.on_paper |= {person.n for person, has in zip(people, have, strict=True) if not has}
        file = "\n".join(["宛名番号", *(f"{person.n:015d}" for person in reached)]).encode()
        send = await self._town.send_file(self._content(title), file)
        return await self._town.wait_for(send, SendState.SENT)

    def _content(self, title: str) -> NoticeContent:
        return words(
            title,
            self._town.in_days(180),
            text=f"{VACCINE}の予防接種の対象です。\nこのお知らせを医療機関で見せてください。",
        )

    async def take(self, claims: list[Claim]) -> None:
        """Close the cases, and put the vaccination records into the intermediate server as duplicate copies."""
        self._sends += 1
        entries = []
        for claim in claims:
            self.closed.add(claim.person)
            person = self._stage.facts.nation.person(claim.person)
            items = self._items(person)
            day = claim.vaccinated_on
            record = CopyItem(
                f"{ITEM}{len(items) + 1}", f"{VACCINE} 1回目 {day.year}年{day.month}月{day.day}日"
            )
            entries.append(CopyEntry(claim.person, VACCINATION, "0001", self._stage.today, (*items, record)))
        request = RegisterCopies(self._town.code, f"vaccination-{self._sends}", tuple(entries))
        taken = answered(await self._town.call(REGISTER_COPIES, request), SendView, "副本の更新")
        equal(taken.entries, len(claims), "更新した副本の数")
