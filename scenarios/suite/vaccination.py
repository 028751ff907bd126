"""予防接種, from end to end (USE-1): who is due is told; who came is on record; who did not is told again."""

from datetime import timedelta

from portal.wire.notices import NoticeState
from portal.wire.self_information import SelfInformationContent
from scenarios.actors.municipality import Municipality, laid
from scenarios.actors.resident import Resident
from scenarios.actors.vaccination import VaccinationSystem
from scenarios.checking import answered, equal, holds
from scenarios.registry import scenario
from scenarios.stage import Stage
from sim.nation.organisations import of_municipality
from sim.vaccination.programme import AGAIN, FIRST, VACCINE, Claim

VILLAGE = "194433"
"""丹波山村: small enough to look at everybody."""


@scenario(
    "vaccination",
    "予防接種の対象者に知らせ、受けた人は記録され、まだの人にはもう一度知らせる",
    "USE-1", "NOT-1", "NOT-2",
)  # fmt: skip
async def vaccination(stage: Stage) -> None:
    town = Municipality(stage, of_municipality(VILLAGE))
    system = VaccinationSystem(stage, town)
    due = system.due()
    early, late, never = (Resident(stage, person) for person in [each for each in due if each.holds_card][:3])
    for number, resident in enumerate((early, late, never)):
        await resident.enter(f"村民{number + 1}")

    async def all_known() -> bool:
        return all(await town.have_folders([each.person for each in (early, late, never)]))

    await stage.until(all_known, at_most=timedelta(minutes=5), what="三人のフォルダーが分かる")
    stage.step(
        f"{town.body.name}の予防接種システムが、対象の{len(due)}人を選び、フォルダーのある人に知らせる"
    )
    send = await system.notify(due, FIRST)
    laid(send, 3)
    equal(len(system.on_paper), len(due) - 3, "紙で知らせる人の数")
    for resident in (early, late):
        notice = await resident.wait_for_notice(FIRST)
        await resident.opened_notice(notice.notice_id)
    equal((await town.poll(send)).opened, 2, "開いた人の数")

    stage.step("医療機関から、受けた人の請求が届く。副本が新しくなる")
    await system.take([Claim(early.person.n, stage.today)])
    await _sees_her_vaccination(early)
    await early.sign_out()

    stage.step("一か月後、まだの人を選び直して、もう一度知らせる")
    for resident in (late, never):
        await resident.sign_out()
    await stage.pass_time(timedelta(days=30))
    waiting = system.due()
    holds(
        early.person.n not in {each.n for each in waiting} and {late.person.n, never.person.n} <= {each.n for each in waiting},
        "選び直した対象者", expected="受けた人を除く", seen=[each.n for each in waiting],
    )  # fmt: skip
    reminder = await system.notify(waiting, AGAIN)
    laid(reminder, 2)
    for resident in (early, late, never):
        await resident.enter()
    for resident in (late, never):
        await resident.wait_for_notice(AGAIN)
    titles = [(each.title, each.state) for each in await early.list_notices()]
    equal(titles, [(FIRST, NoticeState.OPENED)], "受けた人のお知らせ")

    stage.step("知らせを見て、もう一人が受ける")
    await system.take([Claim(late.person.n, stage.today)])
    await _sees_her_vaccination(late)
    equal({late.person.n, early.person.n}, system.closed, "受けた人")
    equal([each.title for each in await never.list_notices()], [AGAIN, FIRST], "まだの人のお知らせ")


async def _sees_her_vaccination(resident: Resident) -> None:
    """Her vaccination stands in her self-information."""
    (found,) = await resident.search(name="予防接種", municipality=VILLAGE)
    (wanted,) = await resident.request_self_information(found)
    await resident.wait_for_self_information(wanted.request_id)
    content = answered(
        await resident.read_self_information(wanted.request_id), SelfInformationContent, "予防接種関係情報"
    )
    values = [item.value for item in content.content.items]
    holds(any(VACCINE in value for value in values), "接種記録", expected=VACCINE, seen=values)
