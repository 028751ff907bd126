"""Bad weather: fair weather, and on top of it whatever message faults are active."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from math import log

import msgspec

from portal.links.memory import Passage, Weather
from portal.wire.operation import AnyOperation, WireRequest, WireResponse
from portal.wire.systems import Caller, System
from sim.faults import areas
from sim.faults.vocabulary import (
    CutOff,
    Delay,
    Duplication,
    Fault,
    Loss,
    Malformed,
    MislinkedCopy,
    Partition,
    Reordering,
    Reset,
    Shape,
    StaleAnswer,
    Stuck,
    Way,
    touches,
)
from sim.world.chance import SeededChance
from sim.world.weather import STEP_SECONDS

ANSWERS_REMEMBERED_MAX = 200
"""For answers that come again out of time."""
COPIES_REMEMBERED_MAX = 20
DELAY_MS_MAX = 3_600_000
"""Of a Pareto delay: an hour is as good as never."""
_DELIVERY = "self_information.deliver"

Alter = Callable[[WireRequest], WireRequest | None]
MESSAGE_FAULTS = (
    Delay, Loss, Duplication, Reset, Reordering, Partition, CutOff, Malformed, StaleAnswer, MislinkedCopy, Stuck,
)  # fmt: skip
"""Those that are a matter of the weather."""


class BadWeather:
    """荒天: decides for each message by all faults that are active, each with its own chance."""

    def __init__(self, fair: Weather, chance: SeededChance) -> None:
        self._fair = fair
        self._chance = chance
        self._active: dict[int, tuple[Fault, SeededChance]] = {}
        self._answers: OrderedDict[tuple[str, str, bytes], list[WireResponse]] = OrderedDict()
        self._copies: list[bytes] = []
        self.did: Counter[str] = Counter()
        """What befell messages so far: ``reply lost``, ``duplicate``, ``late copy``, ``cut off``, …"""
        self.mislinked: set[str] = set()
        """Requests whose answer was given another's content on its way."""

    def __repr__(self) -> str:
        return f"<BadWeather: {[fault.kind for fault, _ in self._active.values()]}>"

    @property
    def active(self) -> list[Fault]:
        return [fault for fault, _ in self._active.values()]

    def begin(self, number: int, fault: Fault) -> None:
        """*number* names the fault in its plan: its draws don't shift another's."""
        self._active[number] = fault, self._chance.fork(f"{number}/{fault.kind}")

    def end(self, number: int) -> None:
        self._active.pop(number, None)

    def clear(self) -> None:
        self._active.clear()

    def passage(self, sender: Caller, receiver: System, operation: AnyOperation) -> Passage:
        passage = self._fair.passage(sender, receiver, operation)
        if not self._active:
            return passage
        for fault, chance in self._active.values():
            passage = self._worse(passage, fault, chance, sender, receiver, operation)
        self.did["duplicate"] += passage.duplicate
        self.did["late copy"] += passage.again_after_s is not None
        self.did["reply lost"] += passage.lose_reply and not passage.lose_request
        return passage

    def _worse(
        self,
        passage: Passage,
        fault: Fault,
        chance: SeededChance,
        sender: Caller,
        receiver: System,
        operation: AnyOperation,
    ) -> Passage:
        def hit(share: float) -> bool:
            return share > 0 and chance.uniform() < share

        match fault:
            case Delay(shape=shape, least_ms=least, most_ms=most, system=system):
                if touches(system, sender, receiver):
                    return _later(passage, drawn_ms(shape, least, most, chance.uniform()))
            case Reordering(share=share, most_ms=most, system=system):
                if touches(system, sender, receiver) and hit(share):
                    return _later(passage, int(most * chance.uniform()))
            case Loss(request=request, reply=reply, system=system):
                if touches(system, sender, receiver):
                    return passage._replace(
                        lose_request=hit(request) or passage.lose_request,
                        lose_reply=hit(reply) or passage.lose_reply,
                    )
            case Duplication(share=share, late_ms=late, system=system):
                if touches(system, sender, receiver) and hit(share):
                    if not late:
                        return passage._replace(duplicate=True)
                    return passage._replace(again_after_s=_seconds(int(late * chance.uniform())))
            case Reset(share=share, system=system):
                if touches(system, sender, receiver) and hit(share):
                    return passage._replace(reset=True)
            case Partition(systems=systems, way=way):
                is_out = sender in systems and receiver not in systems
                is_in = receiver in systems and sender not in systems
                if (is_out and way is not Way.IN) or (is_in and way is not Way.OUT):
                    return passage._replace(lose_request=True)
            case CutOff():
                is_stopped = areas.stops(fault, sender, receiver, operation)
                if is_stopped is not None:
                    return _altered(passage, self._border(is_stopped))
            case Stuck(system=system):
                if receiver is system:
                    return passage._replace(lose_request=True)
            case Malformed(operation=name, share=share):
                if operation.name == name and hit(share):
                    self.did["malformed"] += 1
                    return passage._replace(alter_reply=_broken(int(chance.uniform() * 4)))
            case StaleAnswer(operation=name, share=share):
                if operation.name == name:
                    return self._stale(passage, operation, again=hit(share))
            case MislinkedCopy(share=share):
                if operation.name == _DELIVERY:
                    return _altered(passage, self._mislinking(is_hit=hit(share)))
            case _:
                raise AssertionError(f"{fault.kind} is no matter of the weather")
        return passage

    def _border(self, is_stopped: Callable[[WireRequest], bool]) -> Alter:
        def alter(request: WireRequest) -> WireRequest | None:
            if not is_stopped(request):
                return request
            self.did["cut off"] += 1
            return None

        return alter

    def _stale(self, passage: Passage, operation: AnyOperation, *, again: bool) -> Passage:
        question: list[tuple[str, str, bytes]] = []

        def ask(request: WireRequest) -> WireRequest:
            question.append((operation.name, request.target, request.body))
            return request

        def answer(response: WireResponse) -> WireResponse:
            known = self._answers.setdefault(question[0], [response])
            if len(self._answers) > ANSWERS_REMEMBERED_MAX:
                self._answers.popitem(last=False)
            self.did["stale"] += again and known[0] != response
            return known[0] if again else response

        return _altered(passage, ask)._replace(alter_reply=answer)

    def _mislinking(self, *, is_hit: bool) -> Alter:
        def alter(request: WireRequest) -> WireRequest:
            body = msgspec.json.decode(request.body, type=dict[str, msgspec.Raw])
            content = bytes(body["content"])
            if content == b"null":
                return request
            others = [copy for copy in self._copies if copy != content]
            if content not in self._copies:
                self._copies = [*self._copies, content][-COPIES_REMEMBERED_MAX:]
            if not is_hit or not others:
                return request
            self.did["mislinked"] += 1
            self.mislinked.add(msgspec.json.decode(body["request_id"], type=str))
            altered = msgspec.json.encode({**body, "content": msgspec.Raw(others[0])})
            return msgspec.structs.replace(request, body=altered)

        return alter


def _seconds(ms: int) -> float:
    return ms * STEP_SECONDS


def drawn_ms(shape: Shape, least_ms: int, most_ms: int, uniform: float) -> int:
    """A delay of this shape, by a number that is at least 0 and below 1."""
    spread = max(0, most_ms - least_ms)
    match shape:
        case Shape.UNIFORM:
            return least_ms + int(spread * uniform)
        case Shape.EXPONENTIAL:
            return least_ms + int(-log(1 - uniform) * spread / 2)
        case Shape.PARETO:
            return min(DELAY_MS_MAX, least_ms + int(spread * ((1 - uniform) ** -0.9 - 1) / 4))


def _later(passage: Passage, by_ms: int) -> Passage:
    return passage._replace(request_delay_s=passage.request_delay_s + _seconds(by_ms))


def _altered(passage: Passage, alter: Alter) -> Passage:
    before = passage.alter_request
    if before is None:
        return passage._replace(alter_request=alter)

    def both(request: WireRequest) -> WireRequest | None:
        altered = before(request)
        return None if altered is None else alter(altered)

    return passage._replace(alter_request=both)


def _broken(how: int) -> Callable[[WireResponse], WireResponse]:
    """Cut short, empty, of another form, or a page in place of an answer."""

    def alter(response: WireResponse) -> WireResponse:
        match how:
            case 0:
                body = response.body[: len(response.body) // 2]
            case 1:
                body = b""
            case 2:
                body = b"[" * 3_000
            case _:
                body = "<html>ただいま混み合っています</html>".encode("cp932")
        return msgspec.structs.replace(response, body=body)

    return alter
