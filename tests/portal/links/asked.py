"""Operations for the tests of links: one that may be repeated, one that may not, one of bytes."""

from typing import Annotated

import msgspec

from portal.links.link import Link
from portal.seams.clock import Clock
from portal.wire.operation import Done, Message, Method, Nothing, Operation, WireRequest
from portal.wire.systems import Party, System


class Say(Message, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=20)]


class Said(msgspec.Struct, frozen=True):
    text: str
    times: int


ANYONE = [Party.ANYONE]
LOOK = Operation(
    "asked.look", System.NETWORK, Method.GET, "/look", Nothing, Done, callers=ANYONE, repeatable=True, summary="見る"
)  # fmt: skip
SAY = Operation(
    "asked.say", System.NETWORK, Method.POST, "/say", Say, Said, callers=ANYONE, repeatable=False, summary="言う"
)  # fmt: skip
SAY_AGAIN = Operation(
    "asked.say_again", System.NETWORK, Method.PUT, "/say", Say, Said, callers=ANYONE, repeatable=True, summary="言い直す"
)  # fmt: skip
TURN = Operation(
    "asked.turn", System.NETWORK, Method.POST, "/turn", bytes, bytes, callers=ANYONE, repeatable=True, summary="裏返す",
    request_media="application/octet-stream", response_media="application/octet-stream", body_bytes_max=3_000_000,
)  # fmt: skip


class StillClock(Clock):
    """Stands still."""

    def _unmoved_ms(self) -> int:
        return 1_900_000_000_000


LOOKING = WireRequest("GET", "/look")
SAYING = WireRequest("POST", "/say", content_type="application/json", body=b'{"text":"a"}')


def link_to(carrier, record=lambda sighting: None, deadline_s=5.0) -> Link:
    return Link(System.PORTAL, System.NETWORK, carrier, StillClock(), record=record, deadline_s=deadline_s)
