"""ログインだけ: sign in with the card, look at one's account, sign out. What a crowd at an opening does first (ACC-1, 2, 3)."""

from load.journeys import Journey, Visit
from load.parts import enter, leave
from load.steps import Steps, ask
from portal.wire.operation import Nothing
from portal.wire.sign_in import VIEW_ACCOUNT


def sign_in_only(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    yield from visit.think(10, 4.0)
    yield from ask(VIEW_ACCOUNT, Nothing(), session)
    yield from leave(visit, session)


JOURNEY = Journey("sign_in_only", "ログインだけ", sign_in_only)
