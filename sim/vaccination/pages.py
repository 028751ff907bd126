"""予防接種の画面: a vaccination campaign, followed step by step in the browser (USE-1).

It stands for a terminal in the municipality's own network, so it asks for no password.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from portal.wire.moments import day_of
from portal.wire.notice_sending import NoticeSend, SendState
from portal.wire.problems import Problem
from portal.wire.systems import System
from sim.cards_desk.wallet import Wallet
from sim.entrance.look import Look
from sim.nation.person import Person
from sim.vaccination import programme
from sim.vaccination.campaign import TRANSITIONS, Campaign, Stage, Step
from sim.vaccination.office import VaccinationOffice

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

VACCINATION: Final = "/vaccination"
NAV: Final = ("予防接種をたどる", VACCINATION)
_MANY: Final = frozenset(["comes"])
"""Ticked for each of the people who come."""
FOLLOWED: Final = 3
"""Residents by whose eyes the campaign is followed."""
REFRESH_SECONDS: Final = 3


class Words(NamedTuple):
    """What stands at a stage: what is pressed next, what that does, what to look at."""

    step: Step
    label: str
    does: str


NEXT: Final[Mapping[Stage, Words]] = {
    Stage.PLANNED: Words(
        Step.PICK,
        "対象者を選ぶ",
        "村の予防接種システムが、年齢と接種の記録から対象者を選び、利用者フォルダーがあるかを、中間サーバーを通して確かめます。",
    ),
    Stage.PICKED: Words(
        Step.TELL,
        "お知らせを送る",
        "フォルダーのある人には、中間サーバーからお知らせを送ります。ない人には、紙で知らせます。",
    ),
    Stage.TOLD: Words(
        Step.CLAIM,
        "接種が行われ、請求が届く",
        "何人かが医療機関で接種を受けます。医療機関からの請求で、その人の対応は終わり、接種の記録が中間サーバーの副本に入ります。",
    ),
    Stage.CLAIMED: Words(
        Step.REMIND,
        "まだの人に、もういちど知らせる",
        "一か月たったことにして、請求の届いていない人を選びなおし、フォルダーのある人にもういちど知らせます。",
    ),
    Stage.REMINDED: Words(
        Step.CLAIM_REST,
        "残りの人も接種を受ける",
        "知らせを見た残りの人も接種を受け、請求が届き、副本が新しくなります。",
    ),
}
STAGES: Final[Mapping[Stage, str]] = {
    Stage.PLANNED: "はじめる前",
    Stage.PICKED: "対象者を選びました",
    Stage.TOLD: "お知らせを送りました",
    Stage.CLAIMED: "何人かが接種を受け、副本が新しくなりました",
    Stage.REMINDED: "まだの人に、もういちど知らせました",
    Stage.CLOSED: "全員の接種が終わりました",
}
_ORDER: Final = tuple(Stage)


def add_pages(look: Look, office: VaccinationOffice, wallet: Wallet, addresses: Mapping[System, str]) -> None:
    pages = _Pages(look, office, wallet, addresses)
    look.app.add_url_rule(VACCINATION, "vaccination", pages.show, methods=["GET"])
    look.app.add_url_rule(f"{VACCINATION}/<step>", "vaccination step", pages.take, methods=["POST"])


_ALL_ON_PAPER: Final = Words(
    Step.TELL,
    "全員に紙で知らせる",
    "フォルダーのある対象者がいないので、全員に紙で知らせます。中間サーバーからは何も送りません。",
)
"""Once those due are picked and none of them has a folder."""


_AGAIN_ON_PAPER: Final = Words(
    Step.REMIND,
    "まだの人に、もういちど知らせる",
    "一か月たったことにして、請求の届いていない人を選びなおし、もういちど紙で知らせます。",
)


def _following(campaign: Campaign) -> Words | None:
    if not campaign.with_folder and campaign.stage in {Stage.PICKED, Stage.CLAIMED}:
        return _ALL_ON_PAPER if campaign.stage is Stage.PICKED else _AGAIN_ON_PAPER
    return NEXT.get(campaign.stage)


def _label(campaign: Campaign, stage: Stage) -> str:
    is_past = _ORDER.index(campaign.stage) >= _ORDER.index(Stage.TOLD)
    if stage is Stage.TOLD and is_past and not campaign.with_folder:
        return "全員に紙で知らせました"
    return STAGES[stage]


class _Pages:
    def __init__(
        self, look: Look, office: VaccinationOffice, wallet: Wallet, addresses: Mapping[System, str]
    ) -> None:
        self._look = look
        self._office = office
        self._wallet = wallet
        self._addresses = addresses

    async def show(self, refused: Problem | None = None) -> "TrioResponse":
        campaign = await self._office.campaign()
        sends = [
            {"title": title, **await self._send(send_id)}
            for title, send_id in ((programme.FIRST, campaign.told), (programme.AGAIN, campaign.reminded))
            if send_id is not None
        ]
        following = _following(campaign)
        at = _ORDER.index(campaign.stage)
        context = {
            "town": self._office.body.name,
            "vaccine": programme.VACCINE,
            "stages": [
                {
                    "label": _label(campaign, stage),
                    "state": "done" if n < at else "here" if n == at else "ahead",
                }
                for n, stage in enumerate(_ORDER)
            ],
            "stage": str(campaign.stage),
            "next": None
            if following is None
            else {**following._asdict(), "url": f"{VACCINATION}/{following.step}"},
            "again_url": None
            if (campaign.stage, Step.BEGIN_AGAIN) not in TRANSITIONS
            else f"{VACCINATION}/{Step.BEGIN_AGAIN}",
            "pick_url": f"{VACCINATION}/{Step.PICK}" if campaign.stage is Stage.PICKED else None,
            "due": len(campaign.due),
            "with_folder": len(campaign.with_folder),
            "on_paper": len(campaign.on_paper),
            "closed": len(campaign.closed),
            "left": len(campaign.left),
            "sends": sends,
            "people": [self._person(campaign, person) for person in self._followed()],
            "choices": [
                {"value": str(person.n), "label": person.resident_id, "note": None}
                for person in self._followed()
                if person.n in campaign.with_folder
            ],
            "portal_url": self._addresses[System.PORTAL],
            "staff_url": f"{self._addresses[System.INTERMEDIATE]}/notices?organisation={self._office.body.code}",
            "refused": None if refused is None else refused.detail,
            "refresh_seconds": REFRESH_SECONDS
            if refused is None and any(send["moving"] for send in sends)
            else 0,
        }
        status = 200 if refused is None else refused.status
        return self._look.show("vaccination/vaccination.html", context, status=status, here=VACCINATION)

    def _followed(self) -> list[Person]:
        """The first residents who are due at all and hold a card."""
        today = day_of(self._office.now_ms())
        return [person for person in self._office.due_at_first(today) if person.holds_card][:FOLLOWED]

    def _person(self, campaign: Campaign, person: Person) -> dict[str, Any]:
        if person.n in campaign.closed:
            state = "vaccinated"
        elif campaign.stage is Stage.PLANNED:
            state = "unknown"
        else:
            state = "with_folder" if person.n in campaign.with_folder else "without_folder"
        return {
            "id": person.resident_id,
            "pin": self._wallet.pins(person.n).auth,
            "state": state,
            "fresh": person.n in campaign.last_claims,
        }

    async def _send(self, send_id: str) -> dict[str, Any]:
        seen = await self._office.send(send_id)
        url = (
            f"{self._addresses[System.INTERMEDIATE]}/notices/{send_id}?organisation={self._office.body.code}"
        )
        if not isinstance(seen, NoticeSend):
            return {"url": url, "said": "中間サーバーに確かめられません", "moving": False}
        said = f"{seen.recipients}件のうち{seen.delivered}件が届き、{seen.opened}件が開かれました"
        return {"url": url, "said": said, "moving": seen.state is SendState.SENDING}

    async def take(self, step: str) -> "TrioResponse":
        from quart import request

        if (refused := await self._look.refused_form(("戻る", VACCINATION), many=_MANY)) is not None:
            return refused
        if step not in list(Step):
            return self._look.go(VACCINATION)
        typed = (await request.form).getlist("comes")
        chosen = [int(each) for each in typed if each.isascii() and each.isdigit() and len(each) <= 9]
        taken = await self._office.take(Step(step), chosen)
        return await self.show(taken) if isinstance(taken, Problem) else self._look.go(VACCINATION)
