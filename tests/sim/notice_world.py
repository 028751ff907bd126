"""Intermediate servers and core joined in memory, with a portal's part played: for tests of notices on their way."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any

import trio
from sim_wiring import START_MS, Wiring

from portal.links.memory import Passage
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, no_workers
from portal.wire import notice_relaying as relaying
from portal.wire import notice_sending as sending
from portal.wire.moments import day_of
from portal.wire.notice_sending import NoticeSend, RecipientsFormat
from portal.wire.notices import NoticeContent
from portal.wire.operation import Done
from portal.wire.systems import Party, System
from sim.intermediate import system as intermediate
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.network import system as network
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes

TODAY = day_of(START_MS)
VACCINATION = "JM90000000000003"


class LossyWeather:
    """Requests and replies are lost, doubled and cut off, by a seed; until it clears."""

    def __init__(self, seed: int, share: float = 0.3) -> None:
        self._random, self.share = Random(seed), share
        self.passages: dict[str, Passage] = {}

    def passage(self, sender: Any, receiver: Any, operation: Any) -> Passage:
        draw = self._random.random()
        if draw > self.share or operation.name in ("intermediate.control",) or sender is Party.OPERATOR:
            return Passage(request_delay_s=0.001)
        kind = self._random.choice(["lose_request", "lose_reply", "duplicate", "reset", "refuse"])
        return Passage(request_delay_s=0.001, **{kind: True})


class Folders:
    """Stands where the portal is: keeps what is laid into folders, and recognises what comes again, as the portal does."""

    def __init__(self, wiring: Wiring, codes: LinkageCodes) -> None:
        self._codes = codes
        self.contents: dict[str, relaying.ReceiveContent] = {}
        self.batches: dict[tuple[str, int], tuple[int, ...]] = {}
        self.got: list[tuple[str, int, int]] = []
        """Content, person, number: in the order in which they came."""
        self.withdrawn: list[str] = []
        self.people: set[int] = set()
        """Who has a folder."""
        self.dispatcher = Dispatcher(System.PORTAL)
        peers = Peers(wiring.keys)
        self.dispatcher.add(relaying.RECEIVE_CONTENT, peers, self._content)
        self.dispatcher.add(relaying.RECEIVE_NOTICES, peers, self._notices)
        self.dispatcher.add(relaying.WITHDRAW_NOTICES, peers, self._withdraw)
        self.dispatcher.add(relaying.HAVE_FOLDERS, peers, self._have)

    async def _content(self, request: relaying.ReceiveContent, _: Any) -> Done:
        self.contents[request.content_id] = request
        return Done()

    async def _notices(self, request: relaying.ReceiveNotices, _: Any) -> relaying.NoticesReceived:
        assert request.content_id in self.contents, "recipients came before their content"
        key = (request.content_id, request.batch)
        if key not in self.batches:
            missing = []
            for offset, entry in enumerate(request.entries):
                person = self._codes.person_of(entry.code, DISCLOSURE_SYSTEM)
                if person in self.people:
                    self.got.append((request.content_id, person, request.number + offset))
                else:
                    missing.append(request.first + offset)
            self.batches[key] = tuple(missing)
        return relaying.NoticesReceived(self.batches[key])

    async def _withdraw(self, request: relaying.OneContent, _: Any) -> Done:
        self.withdrawn.append(request.content_id)
        return Done()

    async def _have(self, request: relaying.HaveFolders, _: Any) -> relaying.Folders:
        found = (self._codes.person_of(code, DISCLOSURE_SYSTEM) for code in request.codes)
        return relaying.Folders(tuple(person in self.people for person in found))

    def built(self) -> BuiltSystem:
        return BuiltSystem(self.dispatcher, no_workers)


class NoticeWorld:
    def __init__(self, nation: Nation, codes: LinkageCodes) -> None:
        self.nation, self.codes = nation, codes
        self.wiring = Wiring({System.NETWORK: network.SCHEMAS, System.INTERMEDIATE: intermediate.SCHEMAS})
        self.folders = Folders(self.wiring, codes)
        self.here = of_municipality(nation.person(0).municipality_code).code
        """Where the first of the nation live, by whose numbers the tests name recipients."""
        self.elsewhere = of_municipality("141003").code
        self.away = nation.residents_of("141003").start
        """Lives there."""
        self._keys = 0

    def core(self) -> BuiltSystem:
        return network.build(self.wiring.surroundings(System.NETWORK), self.nation, self.codes)

    def servers(self) -> BuiltSystem:
        return intermediate.build(self.wiring.surroundings(System.INTERMEDIATE), self.nation, self.codes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["NoticeWorld"]:
        async with AsyncExitStack() as stack:
            self.built = self.servers()
            for built in (self.folders.built(), self.core(), self.built):
                await stack.enter_async_context(self.wiring.running(built))
            yield self

    async def ask(self, operation: Any, request: Any) -> Any:
        return await self.wiring.ask(operation, request, Party.OPERATOR)

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def content(self, title: str = "お知らせ", **more: Any) -> NoticeContent:
        whole: dict[str, Any] = {"text": "本文", "kept_until": TODAY + timedelta(days=90), **more}
        return NoticeContent(title, **whole)

    async def send(self, person: int = 0, content: NoticeContent | None = None, **more: Any) -> Any:
        whole = {"organisation": self.here, "key": self.key(), "affair": VACCINATION, **more}
        return await self.ask(
            sending.SEND_NOTICE,
            sending.SendNotice(person=person, content=content or self.content(), **whole),
        )

    async def open_send(self, form: RecipientsFormat = RecipientsFormat.CSV, **more: Any) -> NoticeSend:
        whole = {"organisation": self.here, "key": self.key(), "content": self.content(), **more}
        answer = await self.ask(sending.OPEN_SEND, sending.OpenSend(affair=VACCINATION, format=form, **whole))
        assert isinstance(answer, NoticeSend), answer
        return answer

    async def put(self, send: NoticeSend, offset: int, part: bytes) -> Any:
        return await self.ask(
            sending.PUT_PART, sending.PutPart(send.send_id, send.organisation, offset, part)
        )

    async def confirm(self, send: NoticeSend, **more: Any) -> Any:
        return await self.ask(
            sending.CONFIRM_SEND, sending.ConfirmSend(send.send_id, send.organisation, **more)
        )

    async def send_file(self, file: bytes, part: int = 200_000, **more: Any) -> NoticeSend:
        send = await self.open_send(**more)
        for offset in range(0, len(file), part):
            send = await self.put(send, offset, file[offset : offset + part])
            assert isinstance(send, NoticeSend), send
        answer = await self.confirm(send)
        assert isinstance(answer, NoticeSend), answer
        return answer

    async def view(self, send: NoticeSend) -> Any:
        return await self.ask(sending.VIEW_SEND, sending.SendOfOrganisation(send.send_id, send.organisation))

    async def cancel(self, send: NoticeSend) -> Any:
        return await self.ask(
            sending.CANCEL_SEND, sending.SendOfOrganisation(send.send_id, send.organisation)
        )

    async def pass_time(self, seconds: float = 5.0) -> None:
        await trio.sleep(seconds)


def csv_of(people: Any) -> bytes:
    return "\r\n".join(["宛名番号", *(f"{n:015d}" for n in people), ""]).encode()
