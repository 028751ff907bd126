"""Proxies through the API: what they do, ends, and bad input (PRX-1…7, FLD-1, HIS-2)."""

from datetime import timedelta
from typing import Any

import pytest
from playing_proxies import code_of, play, two

from portal.wire import (
    history,
    proxies,
    records,
)
from portal.wire.history import Action, HistoryLines, HistoryQuery, Operator, Service
from portal.wire.limits import PROXY_YEARS_MAX
from portal.wire.operation import Done, Nothing
from portal.wire.problems import ProblemCode
from portal.wire.proxies import (
    ChangeDelegation,
    DelegationState,
    DelegationView,
    OneDelegation,
    Right,
    Scope,
    Terms,
)
from portal.wire.sign_in import Challenge
from scenarios.actors.delegating import RECORDS_ONLY, act, agree, for_days, prepare, register, registered
from scenarios.actors.municipality import Municipality, words
from scenarios.actors.resident import Resident
from scenarios.checking import answered
from scenarios.stage import Stage
from sim.world.facts import WorldFacts


@pytest.mark.requirement("PRX-7", "FLD-3", "HIS-2")
def test_what_a_proxy_does_and_what_becomes_of_it(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage)
        town = Municipality(stage, owner.person)
        await town.send(owner, words("検診のお知らせ", town.in_days(90)))
        notice = await owner.wait_for_notice("検診のお知らせ")
        asked = await owner.asked_for_records()
        await owner.wait_for_records(asked.request_id)
        await owner.sign_out()
        await owner.enter()
        delegation = await registered(
            owner, proxy, for_days(owner, 30, Scope((Right.RECORDS, Right.NOTICES)))
        )
        answered(await act(proxy, delegation.delegation_id), proxies.Acting, "代理")
        read = answered(await proxy.read_records(asked.request_id), records.RecordsContent, "記録")
        assert not read.request.read
        await proxy.opened_notice(notice.notice_id)
        lines = answered(
            await owner.call(history.SEARCH_HISTORY, HistoryQuery(operator=Operator.PROXY)),
            HistoryLines,
            "履歴",
        ).lines
        deeds = {(line.service, line.action) for line in lines}
        assert deeds == {
            (Service.PROXIES, Action.SIGN_IN), (Service.RECORDS, Action.VIEW), (Service.NOTICES, Action.VIEW),
        }  # fmt: skip
        # The proxy leaves, and then the owner: nothing of what only the proxy has seen is gone.
        await proxy.sign_out()
        await owner.sign_out()
        await stage.pass_time(timedelta(hours=2))
        await owner.enter()
        (kept,) = await owner.list_records()
        assert (kept.request_id, kept.read) == (asked.request_id, False)
        assert [each.notice_id for each in await owner.list_notices(unopened=True)] == [notice.notice_id]
        # A session that begins anew is for its own user.
        await proxy.enter()
        assert (
            answered(await proxy.call(proxies.VIEW_ACTING, Nothing()), proxies.Acting, "誰の代理").delegation
            is None
        )

    play(world_facts, scene)


@pytest.mark.requirement("PRX-3", "PRX-5", "PRX-6", "FLD-1")
@pytest.mark.parametrize("by", ["owner", "proxy", "time", "closing", "the proxy's closing"])
def test_a_delegation_that_is_over_gives_nothing(world_facts: WorldFacts, by: str) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage)
        asked = await owner.asked_for_records()
        delegation = await registered(owner, proxy, for_days(owner, 31))
        assert not delegation.ends_soon
        this = OneDelegation(delegation.delegation_id)
        answered(await act(proxy, delegation.delegation_id), proxies.Acting, "代理")
        answered(await proxy.view_records(asked.request_id), records.RecordsRequestView, "請求")
        ended = DelegationState.EXPIRED
        match by:
            case "owner":
                answered(await owner.call(proxies.END_PROXY, this), Done, "終了")
                ended = DelegationState.ENDED
            case "proxy":
                answered(await proxy.call(proxies.STOP_ACTING, Nothing()), proxies.Acting, "戻る")
                answered(await proxy.call(proxies.WITHDRAW_PROXY, this), Done, "辞退")
                ended = DelegationState.WITHDRAWN
            case "time":
                await stage.pass_time(timedelta(days=2))
                await owner.enter()
                listed = answered(
                    await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧"
                )
                assert [each.ends_soon for each in listed.proxies] == [True]
                await stage.pass_time(timedelta(days=30))
                await owner.enter()
                await proxy.enter()
            case "closing":
                answered(await owner.close_account(), Done, "閉鎖")
            case _:
                answered(await proxy.call(proxies.STOP_ACTING, Nothing()), proxies.Acting, "戻る")
                answered(await proxy.close_account(), Done, "閉鎖")
                listed = answered(
                    await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧"
                )
                assert listed.proxies == ()
                return
        if by in ("owner", "closing"):
            outcome = await proxy.view_records(asked.request_id)
            assert code_of(outcome) is ProblemCode.FORBIDDEN
            answered(await proxy.call(proxies.STOP_ACTING, Nothing()), proxies.Acting, "戻る")
        again = code_of(await act(proxy, delegation.delegation_id))
        assert again is (ProblemCode.NOT_FOUND if by == "closing" else ProblemCode.FORBIDDEN)
        assert code_of(await proxy.view_records(asked.request_id)) is ProblemCode.NOT_FOUND
        if by == "closing":
            return
        listed = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert [each.state for each in listed.proxies] == [ended]
        assert not listed.proxies[0].ends_soon
        wanted = ChangeDelegation(delegation.delegation_id, RECORDS_ONLY, delegation.end)
        assert code_of(await owner.call(proxies.CHANGE_PROXY, wanted)) is ProblemCode.CONFLICT
        # Whoever ends it again changes nothing, and another may be granted.
        answered(await owner.call(proxies.END_PROXY, this), Done, "もう一度の終了")
        listed = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert [each.state for each in listed.proxies] == [ended]
        await registered(owner, proxy, for_days(owner, 5))
        ends = answered(
            await owner.call(
                history.SEARCH_HISTORY, HistoryQuery(service=Service.PROXIES, action=Action.END)
            ),
            HistoryLines,
            "履歴",
        ).lines
        assert [line.operator for line in ends] == [Operator.PROXY if by == "proxy" else Operator.SELF]

    play(world_facts, scene)


@pytest.mark.requirement("PRX-1", "PRX-2", "PRX-5")
def test_bad_registrations(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage)
        third, stranger = Resident(stage, stage.person(2)), Resident(stage, stage.person(3))
        await third.enter("ぶどう")
        terms = for_days(owner, 30)

        assert code_of(await register(owner, owner.another_window(), terms)) is ProblemCode.UNPROCESSABLE
        assert code_of(await register(owner, stranger, terms)) is ProblemCode.UNPROCESSABLE
        for bad in (
            for_days(owner, 366 * PROXY_YEARS_MAX),
            Terms(RECORDS_ONLY, stage.today - timedelta(days=1), stage.today),
            Terms(RECORDS_ONLY, stage.today, stage.today - timedelta(days=1)),
        ):
            assert code_of(await prepare(owner, bad)) is ProblemCode.PERIOD_REFUSED
        challenge = answered(await prepare(owner, terms), Challenge, "同意の値")
        # Without the owner's yes; other terms; another session; another's challenge; for signing in.
        assert code_of(await agree(owner, proxy, terms, challenge, agreed=False)) is ProblemCode.UNPROCESSABLE
        more = for_days(owner, 31)
        assert code_of(await agree(owner, proxy, more, challenge)) is ProblemCode.CHALLENGE_UNKNOWN
        assert code_of(await agree(third, proxy, terms, challenge)) is ProblemCode.CHALLENGE_UNKNOWN
        thief = proxy.another_window()
        signed: Any = proxy.sign(challenge)
        assert code_of(await thief.present(challenge, signed)) is ProblemCode.CHALLENGE_UNKNOWN
        login = await owner.ask_challenge()
        assert code_of(await agree(owner, proxy, terms, login)) is ProblemCode.CHALLENGE_UNKNOWN
        # A signature over something else.
        signed = proxy.sign(login)
        wrong = proxies.Registration(
            terms.scope,
            terms.start,
            terms.end,
            True,
            challenge.challenge,
            signed.signature,
            signed.certificate,
        )
        assert code_of(await owner.call(proxies.REGISTER_PROXY, wrong)) is ProblemCode.SIGNATURE_REFUSED

        granted = answered(await agree(owner, proxy, terms, challenge), DelegationView, "登録")
        assert (granted.nickname, granted.state) == ("りんご", DelegationState.ACTIVE)
        assert code_of(await agree(owner, proxy, terms, challenge)) is ProblemCode.CHALLENGE_USED
        assert code_of(await register(owner, proxy, terms)) is ProblemCode.CONFLICT
        # Any number of others, also in the other direction.
        await registered(owner, third, terms)
        await registered(proxy, owner, terms)
        # Too late.
        late = answered(await prepare(third, terms), Challenge, "同意の値")
        await stage.pass_time(timedelta(minutes=6))
        assert code_of(await agree(third, proxy, terms, late)) is ProblemCode.CHALLENGE_EXPIRED

    play(world_facts, scene)


@pytest.mark.requirement("PRX-3", "FLD-1")
def test_anothers_delegation_does_not_exist(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage)
        third = Resident(stage, stage.person(2))
        await third.enter("ぶどう")
        scope = Scope((Right.RECORDS,), memo="入院のあいだ")
        granted = await registered(owner, proxy, for_days(owner, 30, scope))
        this = OneDelegation(granted.delegation_id)
        change = ChangeDelegation(
            granted.delegation_id, Scope(tuple(Right), ("TM00000000000001",)), granted.end
        )
        # Neither a third, nor either side in the other's place.
        tries = [
            (third, proxies.END_PROXY, this), (third, proxies.WITHDRAW_PROXY, this),
            (third, proxies.ACT_AS_PROXY, this), (third, proxies.CHANGE_PROXY, change),
            (proxy, proxies.CHANGE_PROXY, change), (proxy, proxies.END_PROXY, this),
            (owner, proxies.WITHDRAW_PROXY, this), (owner, proxies.ACT_AS_PROXY, this),
            (proxy, proxies.ACT_AS_PROXY, OneDelegation("nothing")),
        ]  # fmt: skip
        for who, operation, request in tries:
            outcome = await who.call(operation, request)
            assert code_of(outcome) is ProblemCode.NOT_FOUND, (who, operation, outcome)
        mine = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        theirs = answered(await proxy.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert [(each.nickname, each.scope) for each in mine.proxies] == [("りんご", scope)]
        assert [(each.nickname, each.scope.memo) for each in theirs.owners] == [("みかん", "")]
        none = answered(await third.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert (none.proxies, none.owners) == ((), ())
        # One that has not begun gives nothing yet.
        later = Terms(RECORDS_ONLY, stage.today + timedelta(days=1), stage.today + timedelta(days=9))
        pending = await registered(owner, third, later)
        assert pending.state is DelegationState.PENDING
        assert code_of(await act(third, pending.delegation_id)) is ProblemCode.FORBIDDEN
        await stage.pass_time(timedelta(days=1))
        await third.enter()
        acting = answered(await act(third, pending.delegation_id), proxies.Acting, "代理")
        assert acting.delegation is not None
        assert acting.delegation.nickname == "みかん"

    play(world_facts, scene)
