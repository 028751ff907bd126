"""Proxies through the API: every operation with every scope, ends, and bad input (PRX-1…7, FLD-1, HIS-2)."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import product
from typing import Any

import msgspec
import pytest

import portal.wire
from portal.wire import (
    account,
    history,
    inbox,
    inquiries,
    notices,
    proxies,
    records,
    self_information,
    sign_in,
)
from portal.wire import folder as folder_wire
from portal.wire.disclosure import Attachment
from portal.wire.history import Action, HistoryLines, HistoryQuery, Operator, Service
from portal.wire.limits import PROXY_YEARS_MAX
from portal.wire.operation import AnyOperation, Done, Nothing, Operation
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import (
    ChangeDelegation,
    DelegationState,
    DelegationView,
    OneDelegation,
    Right,
    Scope,
    Terms,
)
from portal.wire.records import OneRequest
from portal.wire.sign_in import Challenge
from portal.wire.systems import Party, System
from scenarios.actors.delegating import RECORDS_ONLY, act, agree, for_days, prepare, register, registered
from scenarios.actors.municipality import Municipality, words
from scenarios.actors.resident import Resident
from scenarios.checking import answered
from scenarios.stage import Stage
from scenarios.staging import facts, simulated
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder

PDF = Attachment("案内.pdf", "application/pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n")
MINE_ALONE = {"sign_out", "account.open", "proxies.act", "proxies.acting", "proxies.stop_acting"}
"""What a session does for itself, whoever it acts for."""


@pytest.fixture(scope="module")
def world_facts() -> WorldFacts:
    return facts(key_folder())


def play(world_facts: WorldFacts, scene: Callable[[Stage], Awaitable[None]]) -> None:
    async def main() -> None:
        async with simulated(world_facts, 1) as on:
            await scene(on.stage)

    run_deterministic(1, main)


def citizens_operations() -> dict[str, AnyOperation]:
    found: dict[str, AnyOperation] = {}
    for module in pkgutil.iter_modules(portal.wire.__path__):
        for value in vars(importlib.import_module(f"portal.wire.{module.name}")).values():
            if (
                isinstance(value, Operation)
                and value.system is System.PORTAL
                and Party.CITIZEN in value.callers
            ):
                found[value.name] = value
    return found


async def two(stage: Stage) -> tuple[Resident, Resident]:
    owner, proxy = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    await owner.enter("みかん")
    await proxy.enter("りんご")
    return owner, proxy


def code_of(outcome: object) -> ProblemCode | None:
    return outcome.code if isinstance(outcome, Problem) else None


SCOPES = [
    Scope(tuple(right for bit, right in enumerate((Right.RECORDS, Right.NOTICES)) if mask >> bit & 1))
    for mask in range(1, 4)
] + [
    Scope(
        (
            Right.SELF_INFORMATION,
            *(r for bit, r in enumerate((Right.RECORDS, Right.NOTICES)) if mask >> bit & 1),
        ),
        ticks,
    )
    for mask, ticks in product(range(4), (("A",), ("B",), ("A", "B")))
]
"""Every subset of the rights, with every subset of two kinds of information; the letters stand for their codes."""


@pytest.mark.requirement("PRX-3", "PRX-4", "PRX-7", "FLD-1")
def test_every_operation_with_every_scope(world_facts: WorldFacts) -> None:
    async def scene(stage: Stage) -> None:
        owner, proxy = await two(stage)
        town = Municipality(stage, owner.person)
        await town.send(owner, words("検診のお知らせ", town.in_days(90), attachments=(PDF,)))
        notice = await owner.wait_for_notice("検診のお知らせ")
        asked = await owner.asked_for_records()
        await owner.wait_for_records(asked.request_id)
        candidates = {each.information.code: each for each in await owner.search()}
        a, b = sorted(candidates)[:2]
        ids: dict[str, str] = {}
        for code in (a, b):
            (one,) = await owner.request_self_information(candidates[code])
            ids[code] = one.request_id
        recorded = answered(
            await owner.read_records(asked.request_id), records.RecordsContent, "記録"
        ).records
        record = recorded[0]
        delegation = await registered(owner, proxy, for_days(owner, 30))
        other = await registered(proxy, owner, for_days(owner, 30))
        answered(await act(proxy, delegation.delegation_id), proxies.Acting, "代理")

        one_records = OneRequest(asked.request_id)
        one_notice = notices.OneNotice(notice.notice_id)
        this = OneDelegation(other.delegation_id)
        # For each operation: what is sent, and what it takes of the owner's rights (None: no proxy ever may).
        plan: dict[str, tuple[Any, set[Right] | None]] = {
            "records.request": (records.RecordsRequest(stage.today, stage.today, "same"), {Right.RECORDS}),
            "records.list": (Nothing(), {Right.RECORDS}),
            "records.view": (one_records, {Right.RECORDS}),
            "records.read": (one_records, {Right.RECORDS}),
            "records.csv": (one_records, {Right.RECORDS}),
            "records.pdf": (one_records, {Right.RECORDS}),
            "self_information.catalogue": (Nothing(), {Right.SELF_INFORMATION}),
            "self_information.search": (self_information.Search(), {Right.SELF_INFORMATION}),
            "self_information.list": (Nothing(), {Right.SELF_INFORMATION}),
            "notices.list": (notices.ListNotices(), {Right.NOTICES}),
            "notices.open": (one_notice, {Right.NOTICES}),
            "notices.csv": (one_notice, {Right.NOTICES}),
            "notices.pdf": (one_notice, {Right.NOTICES}),
            "notices.attachment": (notices.OneAttachment(notice.notice_id, "0"), {Right.NOTICES}),
            "notices.delete": (one_notice, None),
            "notices.answer": (notices.GiveAnswers(notice.notice_id, ()), None),
            "folder.list": (Nothing(), None),
            "inbox.list": (inbox.ListInbox(), None),
            "folder.delete": (folder_wire.OneItem(asked.request_id), None),
            "history.search": (HistoryQuery(), None),
            "history.csv": (HistoryQuery(), None),
            "inquiries.send": (inquiries.SendInquiry(inquiries.InquiryKind.OTHER, "質問"), None),
            "inquiries.list": (Nothing(), None),
            "inquiries.read": (inquiries.OneInquiry("x"), None),
            "inquiries.delete": (inquiries.OneInquiry("x"), None),
            "account.view": (Nothing(), None),
            "account.change": (sign_in.AccountSettings("べつの名"), None),
            "account.confirm_mail": (account.MailConfirmation("a@example.jp", "1"), None),
            "account.send_mail_code": (account.OneAddress("a@example.jp"), None),
            "account.close": (Nothing(), None),
            "proxies.prepare": (for_days(owner, 3), None),
            "proxies.register": (
                proxies.Registration(RECORDS_ONLY, stage.today, stage.today, True, "x", b"x", b"x"),
                None,
            ),
            "proxies.list": (Nothing(), None),
            "proxies.change": (ChangeDelegation(other.delegation_id, RECORDS_ONLY, other.end), None),
            "proxies.end": (this, None),
            "proxies.withdraw": (this, None),
        }
        by_tick = {
            "self_information.request",
            "self_information.view",
            "self_information.read",
            "self_information.csv",
            "self_information.pdf",
            "records.request_information",
        }
        operations = citizens_operations()
        assert set(plan) | by_tick | MINE_ALONE == set(operations), "an operation that nobody has thought of"

        for letters in SCOPES:
            # Not more often than an account may.
            await stage.world.pass_time(15)
            ticks = tuple({"A": a, "B": b}[letter] for letter in letters.information)
            scope = msgspec.structs.replace(letters, information=ticks)
            rights = set(scope.rights)
            wanted = ChangeDelegation(delegation.delegation_id, scope, delegation.end)
            answered(await owner.call(proxies.CHANGE_PROXY, wanted), DelegationView, "変更")
            for name, (request, needs) in plan.items():
                outcome = await proxy.call(operations[name], request)
                if needs is None or not needs <= rights:
                    assert code_of(outcome) is ProblemCode.FORBIDDEN, (name, scope, outcome)
                else:
                    assert not isinstance(outcome, Problem), (name, scope, outcome)
                if name == "self_information.list" and Right.SELF_INFORMATION in rights:
                    assert {each.information.code for each in outcome.requests} == set(ticks)
                if name == "self_information.search" and Right.SELF_INFORMATION in rights:
                    assert {each.information.code for each in outcome.candidates} == set(ticks)
                if name == "records.list" and Right.RECORDS in rights:
                    assert asked.request_id in [each.request_id for each in outcome.requests]
            for code in (a, b):
                ticked = code in ticks
                for name in sorted(by_tick - {"self_information.request", "records.request_information"}):
                    outcome = await proxy.call(operations[name], OneRequest(ids[code]))
                    if Right.SELF_INFORMATION not in rights:
                        assert code_of(outcome) is ProblemCode.FORBIDDEN, (name, scope)
                    elif ticked:
                        assert not isinstance(outcome, Problem), (name, scope, outcome)
                    else:
                        assert code_of(outcome) is ProblemCode.NOT_FOUND, (name, scope)
                selection = self_information.Selection(code, candidates[code].organisation.code)
                outcome = await proxy.call(
                    operations["self_information.request"],
                    self_information.SelfInformationRequest((selection,), f"key {code}"),
                )
                allowed = Right.SELF_INFORMATION in rights and ticked
                assert (code_of(outcome) is ProblemCode.FORBIDDEN) == (not allowed), (code, scope, outcome)
            outcome = await proxy.call(
                operations["records.request_information"],
                records.InformationOfRecord(asked.request_id, record.record_id, "of record"),
            )
            may = {Right.RECORDS, Right.SELF_INFORMATION} <= rights and record.information.code in ticks
            assert (code_of(outcome) is ProblemCode.FORBIDDEN) == (not may), (scope, outcome)

        # Nothing was destroyed, and what the proxy saw stands as the proxy's in the owner's history alone.
        lines = answered(
            await owner.call(history.SEARCH_HISTORY, HistoryQuery(operator=Operator.PROXY)),
            HistoryLines,
            "履歴",
        ).lines
        assert lines
        assert all(line.detail.startswith("りんご（代理人）") for line in lines)
        answered(await proxy.call(proxies.STOP_ACTING, Nothing()), proxies.Acting, "戻る")
        own = answered(
            await proxy.call(history.SEARCH_HISTORY, HistoryQuery(operator=Operator.PROXY)),
            HistoryLines,
            "履歴",
        ).lines
        assert own == ()
        assert await proxy.list_records() == ()

    play(world_facts, scene)


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
