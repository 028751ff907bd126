"""不開示 (REC-5): never at once; both sides are asked, each decides; the late answer leaves out exactly what was withheld."""

from typing import Any

import pytest
import trio
from linkage_world import DAY_SECONDS, ELSEWHERE, LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.wire.controls import Mode
from portal.wire.disclosure import ProvisionResult
from portal.wire.intermediate_keeping import (
    ASK_DECISION,
    DECIDE,
    LIST_QUESTIONS,
    PROTECT,
    AskDecision,
    Decide,
    DecisionPolicy,
    ListQuestions,
    Protect,
    Questions,
)
from portal.wire.linkage import Decision, Place
from portal.wire.network import RECEIVE_DECISION, Decided, RecordsAnswer, RecordsOutcome
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode, problem
from portal.wire.systems import System
from sim.nation.holdings import RESIDENCE, TAX
from sim.network.disclosing import DECISION_DAYS_MAX

LATER = RecordsAnswer(RecordsOutcome.LATER)


def numbers(answer: Any) -> set[str]:
    return {record.record_id for record in answer.records}


async def plain_and_flagged(up: LinkageWorld) -> tuple[str, str]:
    """One record without a flag, one that the inquirer has flagged; both answered."""
    plain = await up.make("plain", information=TAX)
    flagged = await up.make("flagged", withheld=True)
    await trio.sleep(1)
    return plain, flagged


async def protect(up: LinkageWorld, organisation: str) -> None:
    assert await up.side(PROTECT, Protect(organisation, up.person.n, True)) == Done()


@pytest.mark.requirement("REC-2")
async def test_records_of_this_run_stand_with_the_past_in_order_and_once(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    before = await up.disclose("r0")
    made = [await up.make(f"q{number}", information=kind) for number, kind in enumerate((TAX, RESIDENCE))]
    await trio.sleep(1)
    refused = await up.make("refused", information="TM99999999999999")
    await trio.sleep(1)

    answer = await up.disclose("r1")

    assert answer.outcome is RecordsOutcome.ANSWERED
    assert numbers(answer) == numbers(before) | {*made, refused}
    assert len(numbers(answer)) == len(answer.records)
    moments = [record.requested_at for record in answer.records]
    assert moments == sorted(moments, reverse=True)
    by_number = {record.record_id: record for record in answer.records}
    assert by_number[made[0]].result is ProvisionResult.PROVIDED
    assert by_number[made[0]].information.name == "地方税関係情報"
    assert by_number[refused].result is ProvisionResult.NOT_PROVIDED
    assert by_number[refused].information.name == "TM99999999999999"
    assert by_number[refused].provided_at is None


@pytest.mark.requirement("REC-2")
async def test_only_the_period_is_answered(up: LinkageWorld, autojump_clock: MockClock) -> None:
    from datetime import date

    from portal.wire.network import DISCLOSE_RECORDS, DiscloseRecords

    number = await up.make()
    await trio.sleep(1)
    days = {
        (date(2026, 4, 1), date(2026, 4, 1)): True,
        (date(2026, 3, 1), date(2026, 3, 31)): False,
        (date(2026, 4, 2), date(2999, 12, 31)): False,
        (date(1800, 1, 1), date(2999, 12, 31)): True,
    }
    for count, ((start, end), there) in enumerate(days.items()):
        answer = await up.ask(DISCLOSE_RECORDS, DiscloseRecords(f"r{count}", up.code, start, end))
        assert isinstance(answer, RecordsAnswer)
        assert (number in numbers(answer)) == there


@pytest.mark.requirement("REC-2")
async def test_somebody_elses_records_stay_theirs(up: LinkageWorld, autojump_clock: MockClock) -> None:
    number = await up.make(person=up.person.n + 1)
    await trio.sleep(1)

    assert number not in numbers(await up.disclose())


@pytest.mark.requirement("REC-5")
async def test_a_flagged_record_makes_the_answer_late_and_is_withheld_by_default(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    plain, flagged = await plain_and_flagged(up)

    assert await up.disclose() == LATER
    assert await up.disclose() == LATER, "the same request, the same promise"
    await trio.sleep(5)

    (late,) = up.portal.got
    assert late.request_id == "r1"
    assert plain in numbers(late)
    assert flagged not in numbers(late)
    assert len(late.records) > 1, "the past is there as well"
    await trio.sleep(30 * DAY_SECONDS)
    assert len(up.portal.got) == 1
    assert await up.disclose() == LATER, "never at once, not even when it was answered before"


@pytest.mark.requirement("REC-5")
@pytest.mark.parametrize("inquirer", [Decision.DISCLOSE, Decision.WITHHOLD])
@pytest.mark.parametrize("provider", [Decision.DISCLOSE, Decision.WITHHOLD])
async def test_each_side_decides_for_itself(
    up: LinkageWorld, autojump_clock: MockClock, inquirer: Decision, provider: Decision
) -> None:
    await protect(up, ELSEWHERE)
    await protect(up, up.here)
    await up.configure(ELSEWHERE, decision=DecisionPolicy(inquirer))
    await up.configure(up.here, decision=DecisionPolicy(provider))
    number = await up.make()
    await trio.sleep(1)
    assert {row.flagged for row in (await up.kept(number)).values()} == {True}

    assert await up.disclose() == LATER
    await trio.sleep(5)

    (late,) = up.portal.got
    assert (number in numbers(late)) == (inquirer is provider is Decision.DISCLOSE)


@pytest.mark.requirement("REC-5")
@pytest.mark.parametrize("flagging", [Place.INQUIRER, Place.PROVIDER])
async def test_one_sides_flag_is_enough(up: LinkageWorld, autojump_clock: MockClock, flagging: Place) -> None:
    await protect(up, ELSEWHERE if flagging is Place.INQUIRER else up.here)
    number = await up.make()
    await trio.sleep(1)

    assert await up.disclose() == LATER
    await trio.sleep(5)
    assert number not in numbers(up.portal.got[0])
    assert (await up.reconciled()).differences == (), "all three places know both flags"


@pytest.mark.requirement("REC-5")
async def test_record_by_record_by_hand(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.configure(ELSEWHERE, decision=DecisionPolicy.BY_HAND)
    first = await up.make("first", withheld=True)
    second = await up.make("second", withheld=True, information=TAX)
    await trio.sleep(1)
    assert await up.disclose() == LATER
    await trio.sleep(3 * DAY_SECONDS)
    assert up.portal.got == []

    asked = await up.side(LIST_QUESTIONS, ListQuestions(ELSEWHERE))
    assert isinstance(asked, Questions)
    waiting = {question.number: question for question in asked.questions}
    assert set(waiting) == {first, second}
    assert {question.decision for question in asked.questions} == {None}
    disclose = Decide(waiting[first].question_id, ELSEWHERE, Decision.DISCLOSE)
    assert await up.side(DECIDE, disclose) == Done()
    await trio.sleep(5)
    assert up.portal.got == [], "the other one is still to be decided"
    assert await up.side(DECIDE, Decide(waiting[second].question_id, ELSEWHERE, Decision.WITHHOLD)) == Done()
    await trio.sleep(5)

    (late,) = up.portal.got
    assert first in numbers(late)
    assert second not in numbers(late)
    changed = Decide(waiting[first].question_id, ELSEWHERE, Decision.WITHHOLD)
    assert code_of(await up.side(DECIDE, changed)) is ProblemCode.CONFLICT
    strangers = Decide(waiting[first].question_id, up.here, Decision.WITHHOLD)
    assert code_of(await up.side(DECIDE, strangers)) is ProblemCode.NOT_FOUND


@pytest.mark.requirement("REC-5")
async def test_a_slow_side_is_waited_for(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.configure(ELSEWHERE, decision=DecisionPolicy.DISCLOSE, decision_seconds=5 * DAY_SECONDS)
    _, flagged = await plain_and_flagged(up)
    await up.disclose()
    await trio.sleep(4 * DAY_SECONDS)
    assert up.portal.got == []
    await trio.sleep(2 * DAY_SECONDS)

    assert flagged in numbers(up.portal.got[0])


@pytest.mark.requirement("REC-5")
async def test_a_side_that_is_down_is_waited_for(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.configure(ELSEWHERE, decision=DecisionPolicy.DISCLOSE)
    _, flagged = await plain_and_flagged(up)
    await up.wiring.set(System.INTERMEDIATE, Mode.STOPPED, organisation=ELSEWHERE)
    assert await up.disclose() == LATER
    await trio.sleep(2 * DAY_SECONDS)
    assert up.portal.got == []

    await up.wiring.set(System.INTERMEDIATE, Mode.NORMAL, organisation=ELSEWHERE)
    await trio.sleep(600)
    assert flagged in numbers(up.portal.got[0])


@pytest.mark.requirement("REC-5")
async def test_who_never_decides_withholds_and_the_request_ends(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.configure(ELSEWHERE, decision=DecisionPolicy.BY_HAND)
    plain, flagged = await plain_and_flagged(up)
    await up.disclose()
    await trio.sleep((DECISION_DAYS_MAX + 1) * DAY_SECONDS)

    (late,) = up.portal.got
    assert plain in numbers(late)
    assert flagged not in numbers(late)


@pytest.mark.requirement("REC-5")
async def test_a_refused_inquiry_with_a_flag_is_asked_of_its_inquirer_alone(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.configure(ELSEWHERE, decision=DecisionPolicy.DISCLOSE)
    number = await up.make(withheld=True, information="TM99999999999999")
    await trio.sleep(1)
    assert await up.disclose() == LATER
    await trio.sleep(5)

    assert number in numbers(up.portal.got[0])


@pytest.mark.requirement("REC-5")
async def test_a_record_whose_providers_flag_is_not_known_yet_is_not_shown(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await protect(up, up.here)
    await up.configure(up.here, profile="crowded")
    up.wiring.weather.passages["intermediate.notify_provider"] = Passage(lose_reply=True)
    number = await up.make()
    await trio.sleep(4)

    kept = await up.kept(number)
    assert Place.PROVIDER in kept and kept[Place.PROVIDER].flagged, (
        "flagged there, and the core has not heard of it"
    )
    assert kept[Place.CORE].unclear
    answer = await up.disclose()
    assert answer.outcome is RecordsOutcome.LATER or number not in numbers(answer)


@pytest.mark.requirement("REC-5")
@pytest.mark.parametrize(
    "operation", ["intermediate.ask_decision", "network.receive_decision", "records.deliver"]
)
@pytest.mark.parametrize(
    "fault", [Passage(lose_reply=True), Passage(duplicate=True), Passage(lose_request=True)]
)
async def test_lines_that_break_withhold_the_same(
    up: LinkageWorld, autojump_clock: MockClock, operation: str, fault: Passage
) -> None:
    await up.configure(ELSEWHERE, decision=DecisionPolicy.DISCLOSE)
    await protect(up, up.here)
    _, flagged_by_both = await plain_and_flagged(up)
    up.wiring.weather.passages[operation] = fault
    await up.disclose()
    await trio.sleep(60)
    del up.wiring.weather.passages[operation]
    await trio.sleep(600)

    assert {got.request_id for got in up.portal.got} == {"r1"}
    assert all(flagged_by_both not in numbers(got) for got in up.portal.got)


@pytest.mark.requirement("REC-5", "REC-3")
async def test_the_promise_outlives_both_systems(world: LinkageWorld, autojump_clock: MockClock) -> None:
    async with world.running():
        plain, flagged = await plain_and_flagged(world)
        world.portal.answer = lambda _: problem(ProblemCode.STORAGE_REFUSED, "いっぱいです。")
        assert await world.disclose() == LATER
    world.portal.answer = None
    async with world.running():
        await trio.sleep(600)
    assert plain in numbers(world.portal.got[0])
    assert flagged not in numbers(world.portal.got[0])


@pytest.mark.requirement("REC-5", "REC-3")
async def test_in_the_late_mode_flags_are_asked_for_when_the_answer_is_due(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    plain, flagged = await plain_and_flagged(up)
    await up.wiring.set(System.NETWORK, Mode.LATE, late_seconds=3600)
    assert await up.disclose() == LATER
    await trio.sleep(3590)
    assert up.portal.got == []
    await trio.sleep(60)
    assert plain in numbers(up.portal.got[0])
    assert flagged not in numbers(up.portal.got[0])


async def test_only_who_was_asked_is_heard(up: LinkageWorld, autojump_clock: MockClock) -> None:
    decided = Decided("unheard of", Decision.DISCLOSE)
    assert code_of(await up.ask(RECEIVE_DECISION, decided, System.INTERMEDIATE)) is ProblemCode.NOT_FOUND
    assert code_of(await up.ask(RECEIVE_DECISION, decided, System.PORTAL)) is ProblemCode.FORBIDDEN
    about = AskDecision("x", "0" * 20, Place.INQUIRER, ELSEWHERE)
    assert code_of(await up.ask(ASK_DECISION, about, System.NETWORK)) is ProblemCode.NOT_FOUND


async def test_protection_can_be_lifted(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await protect(up, ELSEWHERE)
    await protect(up, ELSEWHERE)
    await up.side(PROTECT, Protect(ELSEWHERE, up.person.n, False))
    number = await up.make()
    await trio.sleep(1)

    assert number in numbers(await up.disclose())
    nobody = Protect(ELSEWHERE, up.nation.size, True)
    assert code_of(await up.side(PROTECT, nobody)) is ProblemCode.NOT_FOUND
