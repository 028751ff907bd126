"""Carries out a journey's steps on Trio over any link: in simulated time, or over sockets."""

from time import process_time
from typing import TypeVar

import trio

from load.holders import Holder
from load.steps import Ask, Measured, NoAnswer, Now, Prepared, Sign, Steps, Wait
from portal.links.link import Link, Unreachable
from portal.wire.problems import Problem

T = TypeVar("T")


class Tally:
    """What was done, and what of it failed."""

    def __init__(self) -> None:
        self.requests: dict[str, int] = {}
        self.failures: list[str] = []
        self.signing_seconds = 0.0

    def __repr__(self) -> str:
        return f"<Tally: {self.requested} requests, {len(self.failures)} failures>"

    @property
    def requested(self) -> int:
        return sum(self.requests.values())


async def carry_out(steps: Steps[T], link: Link, holder: Holder, tally: Tally) -> T:
    """What the journey, or this part of one, comes to."""
    answer: object = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        # No case for this one: most steps ask, and this driver is part of what is measured.
        if isinstance(step, Ask):
            operation, request, session, _ = step
            tally.requests[operation.name] = tally.requests.get(operation.name, 0) + 1
            credential = f"Bearer {session}" if session else ""
            outcome = await link.call(operation, request, authorization=credential)
            if isinstance(outcome, Unreachable):
                outcome = NoAnswer(outcome.reason, outcome.detail)
            if isinstance(outcome, (Problem, NoAnswer)):
                tally.failures.append(f"{operation.name}: {outcome}")
            answer = outcome
            continue
        match step:
            case Sign(digest_info, hand):
                card_holder = holder.at(hand)
                begun = process_time()
                answer = card_holder.sign(digest_info)
                tally.signing_seconds += process_time() - begun
            case Wait(seconds):
                answer = await trio.sleep(seconds)
            case Now():
                answer = trio.current_time()
            case Measured() | Prepared():
                answer = None
