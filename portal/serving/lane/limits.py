"""What the lane takes in, and how long it waits."""

from typing import Final, NamedTuple

RECEIVE_BYTES = 64 * 1024
HEADER_BYTES_MAX = 32 * 1024
HEADERS_MAX = 100
TARGET_BYTES_MAX = 8 * 1024
BODY_BYTES_MAX = 4 * 1024 * 1024
"""Of what is larger nothing is taken in, unless an operation declares that it takes more (a send: `SEND_BYTES_MAX`).

Below that, what an operation does not take is counted, not kept.
"""
FRAMING_BYTES_MAX = 1024 * 1024
"""What chunk sizes, chunk extensions and trailers of one request may come to."""
UNREAD_BYTES_MAX = RECEIVE_BYTES
"""What may arrive behind a request while that is being answered; more stays with the client."""
GATHERED_BYTES_MAX = 64 * 1024
"""Answers to requests that came at once leave together, up to so much."""
REQUESTS_A_TURN_MAX = 16
"""Of one connection, before others have their turn."""
TURN_SECONDS = 0.002
"""How long the lane serves its connections before the system's other tasks have their turn."""
ACCEPTED_A_TURN_MAX = 64
EVENTS_MAX = 256

IDLE_SECONDS_MAX = 75.0
RECEIVING_SECONDS_MAX = 20.0
"""From the first byte of a request to its last: a slow client does not hold a connection longer."""
SENDING_SECONDS_MAX = 30.0
LINGER_SECONDS_MAX = 2.0
"""After a refusal the rest of what the client is still sending is read so long, so that it sees the answer."""


class Patience(NamedTuple):
    """How long a connection may be in each phase; an answer's time is limited by what makes it."""

    idle_seconds: float = IDLE_SECONDS_MAX
    receiving_seconds: float = RECEIVING_SECONDS_MAX
    sending_seconds: float = SENDING_SECONDS_MAX


PATIENCE: Final = Patience()
