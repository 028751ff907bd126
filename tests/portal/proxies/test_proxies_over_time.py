"""What becomes of delegations: mails, renewed cards, closed accounts, two at once (PRX-1, 2, 3, 7)."""

from datetime import timedelta

import pytest
import trio
from playing_proxies import code_of, play, two

from portal.wire import history, proxies
from portal.wire.history import Action, HistoryLines, HistoryQuery, Operator, Service
from portal.wire.limits import PROXIES_SHOWN_MAX
from portal.wire.moments import start_of
from portal.wire.operation import Done, Nothing
from portal.wire.problems import ProblemCode
from portal.wire.proxies import ChangeDelegation, DelegationState, DelegationView, OneDelegation, Right, Scope
from portal.wire.systems import System
from scenarios.actors.delegating import RECORDS_ONLY, act, for_days, register, registered
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.municipality import Municipality, words
from scenarios.actors.operator import Operator as Clerk
from scenarios.actors.resident import Resident
from scenarios.checking import answered
from scenarios.stage import Stage
from sim.world.facts import WorldFacts

SUBJECT = "代理をしている方の利用者フォルダー"


async def ends_in_history(who: Resident) -> list[tuple[Operator, str]]:
    query = HistoryQuery(service=Service.PROXIES, action=Action.END)
    found = answered(await who.call(history.SEARCH_HISTORY, query), HistoryLines, "履歴")
    return [(line.operator, line.detail) for line in found.lines]


@pytest.mark.requirement("PRX-3")
def test_mail_goes_to_a_proxy_who_is_to_get_it_and_may_see_it(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        address = "ringo@example.jp"
        reader = MailReader(stage, address)
        owner, proxy = await two(stage, (address,), second=3)
        town = Municipality(stage, owner.person)

        async def a_notice(title: str) -> None:
            await town.send(owner, words(title, town.in_days(90)))
            await owner.wait_for_notice(title)
            await stage.pass_time(timedelta(minutes=2))

        async def change(scope: Scope) -> None:
            wanted = ChangeDelegation(delegation.delegation_id, scope, delegation.end)
            answered(await owner.call(proxies.CHANGE_PROXY, wanted), DelegationView, "変更")

        # Not wished; wished, but of something else; wished.
        delegation = await registered(owner, proxy, for_days(owner, 30, Scope((Right.NOTICES,))))
        await a_notice("一つ目")
        await change(Scope((Right.RECORDS,), mail=True))
        await a_notice("二つ目")
        assert await reader.news() == ()
        await change(Scope((Right.NOTICES,), mail=True))
        await a_notice("三つ目")
        (mail,) = await reader.news()
        assert SUBJECT in mail.subject
        text = await reader.read(mail)
        assert "りんご さん" in text
        assert "「みかん」さん" in text
        assert "三つ目" not in text, "a mail names no content of the folder"
        # A late answer, of what is granted and of what is not.
        clerk = Clerk(stage)
        await clerk.answer_late(System.NETWORK, 60)
        await owner.asked_for_records()
        await stage.pass_time(timedelta(minutes=10))
        assert len(await reader.news()) == 1
        await change(Scope((Right.RECORDS,), mail=True))
        asked = await owner.asked_for_records()
        await owner.wait_for_records(asked.request_id)
        await stage.pass_time(timedelta(minutes=10))
        assert len(await reader.news()) == 2
        # Over: no more of it.
        answered(await owner.call(proxies.END_PROXY, OneDelegation(delegation.delegation_id)), Done, "終了")
        await owner.asked_for_records()
        await stage.pass_time(timedelta(minutes=10))
        assert len(await reader.news()) == 2

    play(world_facts, scene)


@pytest.mark.requirement("PRX-1", "ACC-2")
def test_a_renewed_card_is_the_same_persons(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        clerk = Clerk(stage)
        delegation = await registered(owner, proxy, for_days(owner, 300))
        await stage.pass_time(timedelta(days=60))
        old_card = proxy.card
        for each in (proxy, owner):
            await clerk.reissue(each)
        await stage.pass_time(timedelta(minutes=15))
        await owner.enter()
        await proxy.enter()

        # The new card still acts, is still the same proxy's, and one's own new card is one's own.
        acting = answered(await act(proxy, delegation.delegation_id), proxies.Acting, "代理")
        assert acting.delegation is not None
        answered(await proxy.call(proxies.STOP_ACTING, Nothing()), proxies.Acting, "戻る")
        assert code_of(await register(owner, proxy, for_days(owner, 30))) is ProblemCode.CONFLICT
        own = await register(owner, owner.another_window(), for_days(owner, 30))
        assert code_of(own) is ProblemCode.UNPROCESSABLE
        proxy.card = old_card
        answered(await owner.call(proxies.END_PROXY, OneDelegation(delegation.delegation_id)), Done, "終了")
        revoked = await register(owner, proxy, for_days(owner, 30))
        assert code_of(revoked) is ProblemCode.CERTIFICATE_REVOKED

    play(world_facts, scene)


@pytest.mark.requirement("PRX-7", "ACC-5")
@pytest.mark.parametrize("closes", ["owner", "proxy"])
def test_whoever_is_left_finds_in_the_history_that_it_is_over(world_facts: WorldFacts, closes: str) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        await registered(owner, proxy, for_days(owner, 30))
        left = proxy if closes == "owner" else owner
        answered(await (owner if closes == "owner" else proxy).close_account(), Done, "閉鎖")

        expected = [(Operator.SELF if closes == "owner" else Operator.PROXY, "")]
        assert await ends_in_history(left) == expected
        listed = answered(await left.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert (listed.proxies, listed.owners) == ((), ())

    play(world_facts, scene)


@pytest.mark.requirement("PRX-3")
def test_both_end_it_at_once(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        delegation = await registered(owner, proxy, for_days(owner, 30))
        this = OneDelegation(delegation.delegation_id)
        outcomes: list[object] = []

        async def call(who: Resident, operation: object) -> None:
            outcomes.append(await who.call(operation, this))  # type: ignore[arg-type]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call, owner, proxies.END_PROXY)
            nursery.start_soon(call, proxy, proxies.WITHDRAW_PROXY)
        assert outcomes == [Done(), Done()]
        listed = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        (line,) = await ends_in_history(owner)
        by = {DelegationState.ENDED: Operator.SELF, DelegationState.WITHDRAWN: Operator.PROXY}
        assert line[0] is by[listed.proxies[0].state], "the history says who was first"

    play(world_facts, scene)


@pytest.mark.requirement("PRX-1", "PRX-2")
def test_the_same_card_in_two_windows_makes_one_proxy(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        window = owner.another_window()
        await window.enter()
        outcomes: list[object] = []

        async def go(who: Resident) -> None:
            outcomes.append(await register(who, proxy, for_days(owner, 30, RECORDS_ONLY)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(go, owner)
            nursery.start_soon(go, window)
        assert sorted(str(code_of(each)) for each in outcomes) == ["None", str(ProblemCode.CONFLICT)]
        listed = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert len(listed.proxies) == 1

    play(world_facts, scene)


@pytest.mark.requirement("PRX-2")
def test_what_is_in_force_is_shown_however_much_is_over(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        third = Resident(stage, stage.person(1))
        await third.enter("ぶどう")
        kept = await registered(owner, third, for_days(owner, 30))
        for _ in range(PROXIES_SHOWN_MAX + 5):
            # Not more often than an account may.
            await stage.world.pass_time(1)
            one = await registered(owner, proxy, for_days(owner, 3))
            answered(await owner.call(proxies.END_PROXY, OneDelegation(one.delegation_id)), Done, "終了")
        listed = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert len(listed.proxies) == PROXIES_SHOWN_MAX
        assert listed.proxies[0].delegation_id == kept.delegation_id

    play(world_facts, scene)


@pytest.mark.requirement("PRX-1", "ACC-5")
def test_an_account_that_closes_meanwhile_is_granted_nothing(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        outcomes: list[object] = []

        async def go() -> None:
            outcomes.append(await register(owner, proxy, for_days(owner, 30)))

        async def close() -> None:
            outcomes.append(await proxy.close_account())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(go)
            nursery.start_soon(close)
        codes = [code_of(each) for each in outcomes]
        assert set(codes) <= {None, ProblemCode.UNPROCESSABLE}
        listed = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        assert listed.proxies == ()

    play(world_facts, scene)


@pytest.mark.requirement("PRX-4")
def test_a_change_of_what_was_changed_meanwhile_is_refused(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        one = await registered(owner, proxy, for_days(owner, 30))
        first = ChangeDelegation(one.delegation_id, Scope((Right.NOTICES,)), one.end, one.version)

        done = answered(await owner.call(proxies.CHANGE_PROXY, first), DelegationView, "変更")
        assert done.version == one.version + 1
        # The same again, as after an answer that was lost, is done already.
        assert answered(await owner.call(proxies.CHANGE_PROXY, first), DelegationView, "もう一度") == done
        # Another window saw what was before; a late copy of the first change does not undo the second.
        stale = ChangeDelegation(one.delegation_id, RECORDS_ONLY, one.end, one.version)
        assert code_of(await owner.call(proxies.CHANGE_PROXY, stale)) is ProblemCode.CONFLICT
        second = ChangeDelegation(one.delegation_id, RECORDS_ONLY, one.end, done.version)
        answered(await owner.call(proxies.CHANGE_PROXY, second), DelegationView, "次の変更")
        assert code_of(await owner.call(proxies.CHANGE_PROXY, first)) is ProblemCode.CONFLICT
        # Who says nothing of a version changes whatever there is.
        blind = ChangeDelegation(one.delegation_id, Scope((Right.NOTICES,)), one.end)
        answered(await owner.call(proxies.CHANGE_PROXY, blind), DelegationView, "版を言わない変更")

    play(world_facts, scene)


@pytest.mark.requirement("PRX-7")
def test_what_ran_out_and_is_granted_anew_at_once_has_ended_in_both_histories(
    world_facts: WorldFacts,
) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage, second=3)
        midnight_ms = start_of(stage.today + timedelta(days=1))
        stage.world.clock.move(midnight_ms - 60_000 - stage.world.clock.now_ms())
        await owner.sign_in()
        await registered(owner, proxy, for_days(owner, 1))
        # At midnight, before anything has been swept up.
        await stage.world.pass_time((midnight_ms - stage.world.clock.now_ms()) / 1000)
        await registered(owner, proxy, for_days(owner, 1))

        assert await ends_in_history(owner) == [(Operator.SELF, "りんご")]
        await proxy.sign_in()
        assert await ends_in_history(proxy) == [(Operator.SELF, "みかん")]

    play(world_facts, scene)
