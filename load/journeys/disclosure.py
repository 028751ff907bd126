"""自分の情報を見る: sign in with the card, look at who exchanged one's data, ask what is held, sign out.

REC-1, REC-2, REC-3, SELF-1, SELF-3, SELF-6, ACC-1, ACC-2, ACC-3, FLD-3. A step that fails ends its own part; the
rest of the visit goes on, as a person would.
"""

from load.journeys import Journey, Visit
from load.parts import enter, leave, look_at_records, look_at_self_information
from load.steps import Steps


def disclosure(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    yield from look_at_records(visit, session)
    yield from look_at_self_information(visit, session)
    yield from leave(visit, session)


JOURNEY = Journey("disclosure", "自分の情報を見る", disclosure)
