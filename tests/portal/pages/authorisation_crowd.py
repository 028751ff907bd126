"""Everybody who calls: each role with a session or a key, and an owner whose things are asked for."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

import trio
from authorisation_samples import Things
from over_sockets import FORM, Line
from page_house import STAFF_PASSWORD, House
from test_pages_notices import RECEIPT, asked, send

from portal.authorisation import (
    Role,
)
from portal.seams.clock import LiveClock
from portal.serving.listen import Bound, bind, serve
from portal.web.addresses import page
from portal.web.cookies import SESSION_COOKIE, STAFF_COOKIE
from portal.wire import (
    inquiries,
    records,
    self_information,
    sign_in,
)
from portal.wire.sign_in import SignedIn, SignIn, Terminal
from portal.wire.systems import Party, System
from scenarios.actors.delegating import act, for_days, registered
from scenarios.actors.resident import Resident
from scenarios.stage import Stage

MAIL = "{}@example.jp"


class Hand(NamedTuple):
    """Somebody who calls."""

    name: str
    role: Role
    authorization: str = ""
    cookie: str = ""
    things: Things | None = None
    """Their own."""


class Crowd(NamedTuple):
    """Everybody who calls, and the owner, whose things are asked for."""

    line: Line
    house: House
    strangers: tuple[Hand, ...]
    newcomer: Hand
    owner: Hand
    another: Hand
    at_shared: Hand
    proxy: Hand
    staff: Hand
    peers: tuple[Hand, ...]

    def all(self) -> tuple[Hand, ...]:
        return (
            *self.strangers, self.newcomer, self.another, *self.peers, self.staff, self.at_shared, self.proxy, self.owner,
        )  # fmt: skip


async def signed_in(resident: Resident, terminal: Terminal = Terminal.PC) -> str:
    challenge = await resident.ask_challenge()
    signed = resident.sign(challenge)
    answer = await resident.call(
        sign_in.SIGN_IN, SignIn(challenge.challenge, signed.signature, signed.certificate, terminal)
    )
    assert isinstance(answer, SignedIn), answer
    resident.session = answer.session
    return answer.session


def citizen(name: str, role: Role, session: str, things: Things | None = None) -> Hand:
    return Hand(name, role, f"Bearer {session}", f"{SESSION_COOKIE}={session}", things)


async def furnished(
    house: House, stage: Stage, n: int, terminal: Terminal = Terminal.PC
) -> tuple[str, Things]:
    """A session of somebody with something of every kind in the folder."""
    resident = Resident(stage, stage.person(n))
    session = await signed_in(resident, terminal)
    mail = MAIL.format(f"resident{n}")
    await resident.register("なまえ", mail=(mail,))
    asked_for = await resident.asked_for_records()
    await resident.wait_for_records(asked_for.request_id)
    content = await resident.read_records(asked_for.request_id)
    assert isinstance(content, records.RecordsContent) and content.records
    found = await resident.search()
    (one,) = await resident.request_self_information(found[0])
    await resident.wait_for_self_information(one.request_id)
    questionnaire = await asked(house)
    await send(house, resident=n, attachments=(RECEIPT,), questionnaire=questionnaire)
    notice = await resident.wait_for_notice("予防接種のお知らせ", at_most=timedelta(seconds=10))
    sent = await resident.call(
        inquiries.SEND_INQUIRY, inquiries.SendInquiry(inquiries.InquiryKind.SIGN_IN, "質問")
    )
    assert isinstance(sent, inquiries.InquiryView)
    chosen = (self_information.Selection(found[1].information.code, found[1].organisation.code),)
    codes = {each.information.code for each in (*found[:2], content.records[0])}
    things = Things(
        asked_for.request_id, content.records[0].record_id, one.request_id, chosen, notice.notice_id,
        sent.inquiry_id, mail, stage.today, tuple(sorted(codes)),
    )  # fmt: skip
    return session, things


@asynccontextmanager
async def crowd(house: House) -> AsyncIterator[Crowd]:
    stage = Stage(house.world, house.world.recorder, house.world.chance.fork("actors"), live=False)
    bound: Bound = bind("127.0.0.1", 0)
    with closing(bound.socket):
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(serve, house.front, bound, LiveClock()))
            line = Line(bound)
            owners, own = await furnished(house, stage, 0)
            at_shared, their_own = await furnished(house, stage, 3, Terminal.STORE)
            owner = Resident(stage, stage.person(0))
            owner.session = owners
            proxy = Resident(stage, stage.person(4))
            await proxy.enter("だいりにん")
            assert proxy.session is not None
            delegation = await registered(owner, proxy, for_days(owner, 30, own.everything))
            await act(proxy, delegation.delegation_id)
            own = own._replace(delegation=delegation.delegation_id)
            another = Resident(stage, stage.person(1))
            await another.enter("ほかのひと")
            assert another.session is not None
            desk = await line.ask(
                "POST",
                page("desk.sign_in"),
                urlencode({"staff_id": "operator", "password": STAFF_PASSWORD}).encode(),
                content_type=FORM,
            )
            (cookie,) = desk.cookies
            token = cookie.partition(";")[0].partition("=")[2]
            newcomer = await signed_in(Resident(stage, stage.person(2)))
            # Asked for in the background: what arrives later would look like somebody's doing.
            await stage.until(partial(codes_arrived, house), at_most=timedelta(seconds=20), what="符号が届く")
            try:
                yield Crowd(
                    line,
                    house,
                    (
                        Hand("nobody", Role.NOBODY),
                        Hand(
                            "a made-up session",
                            Role.NOBODY,
                            "Bearer " + "x" * 43,
                            f"{SESSION_COOKIE}={'x' * 43}",
                        ),
                        Hand("a made-up key", Role.NOBODY, "System network " + "x" * 43),
                    ),
                    citizen("newcomer", Role.NEWCOMER, newcomer),
                    citizen("owner", Role.CITIZEN, owners, own),
                    citizen("another citizen", Role.CITIZEN, another.session),
                    citizen("at a shared terminal", Role.AT_SHARED_TERMINAL, at_shared, their_own),
                    citizen("proxy", Role.PROXY, proxy.session, own),
                    Hand("staff", Role.STAFF, f"Bearer {token}", f"{STAFF_COOKIE}={token}"),
                    tuple(
                        Hand(str(party), role, house.world.link(party, System.PORTAL)._authorization)
                        for party, role in (
                            (Party.OPERATOR, Role.OPERATOR),
                            (System.NETWORK, Role.NETWORK),
                            (System.INTERMEDIATE, Role.INTERMEDIATE),
                            (System.JPKI, Role.OTHER_SYSTEM),
                        )
                    ),
                )
            finally:
                await line.aclose()
                nursery.cancel_scope.cancel()


async def codes_arrived(house: House) -> bool:
    """All of them, and nobody is on the way to write one anew."""
    dump = list(house.store.dump())
    lines = Counter(line.split("(")[0] for line in dump)
    accounts = lines['INSERT INTO "accounts" VALUES']
    waiting = any("'acquire_code'" in line for line in dump)
    return accounts == lines['INSERT INTO "account_codes" VALUES'] > 0 and not waiting
