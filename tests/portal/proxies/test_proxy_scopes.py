"""Every operation of a user, called by a proxy with every scope (PRX-3, PRX-4, PRX-7, FLD-1)."""

import importlib
import pkgutil
from itertools import product
from typing import Any

import msgspec
import pytest
from playing_proxies import code_of, play, two

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
from portal.wire.history import HistoryLines, HistoryQuery, Operator
from portal.wire.operation import AnyOperation, Nothing, Operation
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import (
    ChangeDelegation,
    DelegationView,
    OneDelegation,
    Right,
    Scope,
)
from portal.wire.records import OneRequest
from portal.wire.systems import Party, System
from scenarios.actors.delegating import RECORDS_ONLY, act, for_days, registered
from scenarios.actors.municipality import Municipality, words
from scenarios.checking import answered
from scenarios.stage import Stage
from sim.world.facts import WorldFacts

PDF = Attachment("案内.pdf", "application/pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n")
MINE_ALONE = {"sign_out", "account.open", "proxies.act", "proxies.acting", "proxies.stop_acting"}
"""What a session does for itself, whoever it acts for."""


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
