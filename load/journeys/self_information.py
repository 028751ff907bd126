"""わたしの情報を見る: what organisations hold about me (SELF-1, 3, 6, ACC-1)."""

from load.journeys import Journey, Visit
from load.parts import enter, leave, look_at_self_information
from load.steps import Steps


def self_information(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    yield from look_at_self_information(visit, session)
    yield from leave(visit, session)


JOURNEY = Journey("self_information", "わたしの情報を見る", self_information)
