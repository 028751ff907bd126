"""What happens to a person or a card, and what becomes of the certificates: one table (CARD.md 4, "Revocation").

| what happened            | user authentication    | signature              |
|--------------------------|------------------------|------------------------|
| moved, renamed, corrected | stays                 | affiliationChanged     |
| renewed                  | superseded             | superseded             |
| card lost or stolen      | keyCompromise          | keyCompromise          |
| given back, died, left   | cessationOfOperation   | cessationOfOperation   |

What is on the phone is revoked with its counterpart on the card. The reason for a loss is assumed; CARD.md has no
published one. A revocation is never taken back: whoever finds the card again needs new certificates all the same.
"""

from typing import Final

from portal.wire.jpki import CardEvent, RevocationReason
from sim.jpki.serials import Kind

__all__ = ["REVOKED_BY", "CardEvent"]


_CHANGED: Final = {Kind.SIGN: RevocationReason.AFFILIATION_CHANGED}


def _both(reason: RevocationReason) -> dict[Kind, RevocationReason]:
    return dict.fromkeys(Kind, reason)


REVOKED_BY: Final[dict[CardEvent, dict[Kind, RevocationReason]]] = {
    CardEvent.MOVED: _CHANGED,
    CardEvent.NAME_CHANGED: _CHANGED,
    CardEvent.CORRECTED: _CHANGED,
    CardEvent.RENEWED: _both(RevocationReason.SUPERSEDED),
    CardEvent.LOST: _both(RevocationReason.KEY_COMPROMISE),
    CardEvent.RETURNED: _both(RevocationReason.CESSATION_OF_OPERATION),
    CardEvent.DIED: _both(RevocationReason.CESSATION_OF_OPERATION),
    CardEvent.EMIGRATED: _both(RevocationReason.CESSATION_OF_OPERATION),
}
"""For each event the kinds that it revokes, and why."""
