"""A municipality's vaccination system and the clinics that send it their claims (予防接種システム, 医療機関): USE-1."""

from __future__ import annotations

from portal.wire.intermediate_keeping import REGISTER_COPIES, RegisterCopies, SendView
from portal.wire.notice_sending import NoticeSend, SendState
from scenarios.actors.municipality import Municipality
from scenarios.checking import answered, equal
from scenarios.stage import Stage
from sim.nation.person import Person
from sim.vaccination import programme
from sim.vaccination.programme import Claim


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
        return programme.due(self._stage.facts.nation, self._town.body, self._stage.today, self.closed)

    async def notify(self, people: list[Person], title: str) -> NoticeSend:
        """Check the folders, push to those who have one, write to the others on paper."""
        have = await self._town.have_folders(people)
        reached = [person.n for person, has in zip(people, have, strict=True) if has]
        self.on_paper |= {person.n for person, has in zip(people, have, strict=True) if not has}
        content = programme.notice(title, self._stage.today)
        send = await self._town.send_file(content, programme.recipients_file(reached))
        return await self._town.wait_for(send, SendState.SENT)

    async def take(self, claims: list[Claim]) -> None:
        """Close the cases, and put the vaccination records into the intermediate server as duplicate copies."""
        self._sends += 1
        self.closed |= {claim.person for claim in claims}
        entries = programme.vaccination_copies(
            self._stage.facts.nation, self._town.body, claims, self._stage.today
        )
        request = RegisterCopies(self._town.code, f"vaccination-{self._sends}", entries)
        taken = answered(await self._town.call(REGISTER_COPIES, request), SendView, "副本の更新")
        equal(taken.entries, len(claims), "更新した副本の数")
