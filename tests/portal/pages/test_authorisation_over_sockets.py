"""Every operation and every page, called by every role over HTTP: nobody is answered whom the table does not name."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import trio
from authorisation_crowd import Crowd, Hand, codes_arrived, crowd
from authorisation_samples import EXPECTED, SAMPLES, Things
from over_sockets import FORM, Answered, Line
from page_house import House

import portal.wire
from portal.authorisation import (
    NOT_AT_SHARED_TERMINALS,
    OPERATIONS,
    PAGES,
    Role,
    Ungoverned,
    Whose,
    hold_operations,
    hold_pages,
    page_row,
)
from portal.serving.guards import Open
from portal.sessions.guard import SessionGuard
from portal.web.addresses import PAGES as ADDRESSES
from portal.web.addresses import page
from portal.wire import (
    account,
    sign_in,
)
from portal.wire.about import api_document, health
from portal.wire.operation import AnyOperation, Done, Message, Method, Operation
from portal.wire.problems import Problem
from portal.wire.systems import Party, System

REFUSED = (401, 403)

VALUES: Mapping[str, Callable[[Things], str]] = {
    "request_id": lambda t: t.records,
    "item_id": lambda t: t.information,
    "notice_id": lambda t: t.notice,
    "inquiry_id": lambda t: t.inquiry,
    "delegation_id": lambda t: t.delegation,
    "place": lambda _: "0",
    "number": lambda _: "0",
    "kind": lambda _: "csv",
}


async def call(line: Line, operation: AnyOperation, hand: Hand, things: Things) -> Answered:
    request = operation.encode_request(SAMPLES[operation](things), hand.authorization)
    return await line.ask(
        request.method,
        request.target,
        request.body,
        content_type=request.content_type,
        authorization=request.authorization,
        cookie=hand.cookie,
    )


def kept(house: House) -> list[str]:
    """What is stored, without how long sessions wait and what the outbox does meanwhile."""
    passing = re.compile(r'INSERT INTO "?(sessions|staff_sessions|outbox|challenges|used_challenges)"?')
    return [line for line in house.store.dump() if not passing.match(line)]


async def kept_when_settled(house: House) -> list[str]:
    """What is stored once nothing is on its way any more of what was answered before, such as a new account's code."""
    for _ in range(400):
        if await codes_arrived(house):
            return kept(house)
        await trio.sleep(0.05)
    raise AssertionError("the account's code did not arrive")


def test_every_declared_operation_of_the_portal_is_in_the_table_and_has_a_sample() -> None:
    found = {
        value
        for module in pkgutil.iter_modules(portal.wire.__path__)
        for value in vars(importlib.import_module(f"portal.wire.{module.name}")).values()
        if isinstance(value, Operation) and value.system is System.PORTAL
    }

    assert found | {health(System.PORTAL), api_document(System.PORTAL)} == set(OPERATIONS)
    assert set(SAMPLES) == set(OPERATIONS)


@pytest.mark.requirement("FLD-1", "FLD-2", "ACC-7")
async def test_no_operation_answers_a_role_that_is_not_in_the_table(house: House) -> None:
    answered: dict[str, set[Role]] = {}
    async with crowd(house) as everybody:
        own = everybody.owner.things
        assert own is not None
        for operation in SAMPLES:
            row = OPERATIONS[operation]
            last = operation in (sign_in.OPEN_ACCOUNT, sign_in.SIGN_OUT, account.CLOSE_ACCOUNT)
            before = await kept_when_settled(house)
            refused = [hand for hand in everybody.all() if hand.role not in row.roles]
            for hand in refused:
                answer = await call(everybody.line, operation, hand, own)
                assert answer.status in REFUSED, (operation.name, hand.name, answer)
                assert msgspec.json.decode(answer.body, type=Problem).detail
            assert kept(house) == before, f"{operation.name} changed something for one of {refused}"
            if row.whose in (Whose.OWN, Whose.SESSIONS) and not last:
                await somebody_else(everybody, operation, own)
            for hand in everybody.all():
                if hand.role in row.roles and hand.name != "another citizen":
                    if operation is account.CLOSE_ACCOUNT or (last and hand is everybody.owner):
                        continue
                    answer = await call(everybody.line, operation, hand, hand.things or own)
                    expected = EXPECTED.get(operation, (operation.status,))
                    assert answer.status in expected, (operation.name, hand.name, answer)
                    answered.setdefault(operation.name, set()).add(hand.role)
        answer = await call(everybody.line, account.CLOSE_ACCOUNT, everybody.owner, own)
        assert answer.status == 200
        for operation in NOT_AT_SHARED_TERMINALS:
            assert (await call(everybody.line, operation, everybody.owner, own)).status == 401

    assert len(answered) >= len(OPERATIONS) - 1
    assert {role for roles in answered.values() for role in roles} == set(Role)


async def somebody_else(everybody: Crowd, operation: AnyOperation, own: Things) -> None:
    """Another citizen: what is the owner's is as if it were not there."""
    answer = await call(everybody.line, operation, everybody.another, own)
    if operation.path_fields:
        assert answer.status == 404, (operation.name, answer)
    for secret in own.secrets():
        changed = operation is sign_in.CHANGE_ACCOUNT and secret == own.mail
        assert changed or secret not in answer.text, operation.name


async def visit(line: Line, method: str, name: str, hand: Hand, things: Things, csrf: str = "") -> Answered:
    fields = re.findall(r"\{(\w+)\}", ADDRESSES[name])
    values = {field: VALUES[field](things) for field in fields}
    if name.startswith("self_information") and "request_id" in values:
        values["request_id"] = things.information
    body = urlencode({"csrf": csrf}).encode() if method == "POST" else b""
    return await line.ask(
        method, page(name, **values), body, content_type=FORM if body else "", cookie=hand.cookie
    )


async def csrf_of(line: Line, hand: Hand) -> str:
    """The token of this session's forms, off a page that everybody who has signed in gets."""
    if not hand.cookie:
        return ""
    for address in ("/faq", "/desk", "/first-time"):
        found = re.search(
            r'name="csrf" value="([^"]+)"', (await line.ask("GET", address, cookie=hand.cookie)).text
        )
        if found is not None:
            return found[1]
    return ""


AWAY = {page("sign_in"), page("desk.sign_in"), page("first_time")}
"""Where those are sent who may not see a page."""
ENDING = [
    ("POST", "notices.delete"), ("POST", "inquiries.delete"), ("POST", "folder.delete"), ("POST", "first_time"),
    ("POST", "proxies.end"), ("POST", "sign_out"), ("POST", "settings.close"), ("POST", "desk.sign_out"),
]  # fmt: skip


PAGE_EXPECTED: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("POST", "sign_in.complete"): (403, 303),
    ("POST", "desk.sign_in"): (403, 303),
    ("GET", "self_information.attachment"): (404,),
    ("POST", "settings.confirm"): (404,),
    ("POST", "settings.code"): (404,),
    ("POST", "records.information"): (404,),
    # Of those who are answered only some have a proxy, and nobody is one.
    ("GET", "proxies.one"): (200, 404),
    ("POST", "proxies.withdraw"): (404,),
    ("POST", "proxies.act"): (404,),
    ("GET", "proxies.complete"): (303,),
    ("POST", "proxies.complete"): (303,),
    ("GET", "proxies.stop"): (303,),
    ("POST", "proxies.stop"): (303,),
}
"""What an empty form comes to, or a page of something that is not there, for those who may."""


def turned_away(answer: Answered, name: str) -> bool:
    where = answer.headers.get("location", "").partition("?")[0]
    return answer.status in REFUSED or (answer.status == 303 and where in AWAY - {ADDRESSES[name]})


@pytest.mark.requirement("FLD-1", "FLD-2", "ACC-7")
async def test_no_page_answers_a_role_that_is_not_in_the_table(house: House) -> None:
    async with crowd(house) as everybody:
        line, own = everybody.line, everybody.owner.things
        assert own is not None
        hands = [hand for hand in everybody.all() if hand not in (*everybody.peers, everybody.proxy)]
        tokens_of_others = {hand: await csrf_of(line, hand) for hand in (everybody.another, everybody.proxy)}
        tokens = {hand.name: await csrf_of(line, hand) for hand in hands}
        assert all(tokens[hand.name] for hand in hands if hand not in everybody.strangers), tokens
        for method, name in sorted(PAGES, key=lambda each: (each in ENDING, str(each))):
            row = PAGES[method, name]
            before = await kept_when_settled(house)
            for hand in hands:
                if hand.role not in row.roles:
                    answer = await visit(line, method, name, hand, own, tokens[hand.name])
                    assert turned_away(answer, name), (method, name, hand.name, answer)
                    assert not any(secret in answer.text for secret in own.secrets())
            if method == "POST" and Role.NOBODY not in row.roles:
                for hand in hands:
                    # Also who may: not by a form that was not filled in on a page of this session.
                    wrong = await visit(line, method, name, hand, own, tokens["another citizen"][::-1])
                    # Who has an account is led on to it from the first-time form, which changes nothing any more.
                    led_on = name == "first_time" and wrong.headers.get("location") == "/"
                    assert led_on or turned_away(wrong, name), (method, name, hand.name, wrong)
            assert kept(house) == before, (method, name)
            if row.whose is Whose.OWN and (method, name) not in ENDING[3:]:
                for hand, token in tokens_of_others.items():
                    if hand.role is Role.PROXY and Role.PROXY in row.roles:
                        continue
                    answer = await visit(line, method, name, hand, own, token)
                    assert answer.status < 500
                    # The way back from a page that says "not found" names what was asked for, and nothing else.
                    told = {secret for secret in own.secrets() if secret in answer.text}
                    assert len(told) <= (answer.status == 404), (method, name, hand.name, answer)
            for hand in hands:
                if hand.role in row.roles and hand.name != "another citizen" and (method, name) not in ENDING:
                    answer = await visit(line, method, name, hand, hand.things or own, tokens[hand.name])
                    expected = PAGE_EXPECTED.get((method, name), (200, 303, 422))
                    assert answer.status in expected, (method, name, hand.name, answer)
                    if hand.role in (Role.CITIZEN, Role.AT_SHARED_TERMINAL, Role.STAFF):
                        assert (method, name) in PAGE_EXPECTED or not turned_away(answer, name), (
                            method,
                            name,
                            answer,
                        )


class _Asked(Message, frozen=True):
    pass


NEW = Operation(
    "made_up.new", System.PORTAL, Method.GET, "/api/made-up", _Asked, Done,
    callers=[Party.ANYONE], repeatable=True, summary="表にない操作",
)  # fmt: skip


async def _done(_: Any, __: Any) -> Done:
    return Done()


async def test_a_portal_with_an_operation_that_is_not_in_the_table_does_not_start(house: House) -> None:
    dispatcher = house.built.dispatcher
    hold_operations(dispatcher.routes)
    dispatcher.add(NEW, Open(), _done)
    with pytest.raises(Ungoverned, match=r"made_up\.new"):
        hold_operations(dispatcher.routes)


async def test_nor_one_that_serves_less_or_lets_in_others(house: House) -> None:
    routes = house.built.dispatcher.routes
    with pytest.raises(Ungoverned, match="受け付けていません"):
        hold_operations(routes[1:])
    guard = next(route.guard for route in routes if isinstance(route.guard, SessionGuard))
    widened = [
        route._replace(guard=guard) if route.operation is sign_in.VIEW_ACCOUNT else route for route in routes
    ]
    with pytest.raises(Ungoverned, match=r"account\.view"):
        hold_operations(widened)


def test_nor_one_with_such_a_page() -> None:
    everybody = frozenset(Role)
    with pytest.raises(Ungoverned, match="ありません"):
        page_row("POST", "faq", everybody)
    with pytest.raises(Ungoverned, match="POST settings"):
        page_row("POST", "settings", everybody)
    with pytest.raises(Ungoverned, match="GET top"):
        hold_pages(PAGES.keys() - {("GET", "top")})
