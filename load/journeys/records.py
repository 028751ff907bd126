"""やりとり履歴を見る: who exchanged my data, now or late (REC-1, 2, 3, ACC-1)."""

from load.journeys import Journey, Visit
from load.parts import enter, leave, look_at_records
from load.steps import Steps


def records(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    yield from look_at_records(visit, session)
    yield from leave(visit, session)


JOURNEY = Journey("records", "やりとり履歴を見る", records)
