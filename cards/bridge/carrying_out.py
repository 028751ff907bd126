"""What a person has agreed to, done by the card."""

from cards.bridge import messages
from cards.bridge.messages import Asked, Message, Mode
from cards.pins import PinName
from cards.terminal import (
    BasicFour,
    CardError,
    CardRecord,
    Locked,
    Signed,
    Transmit,
    WrongPin,
    authenticate,
    read_basic_four,
    read_card_record,
    sign,
)

PIN_OF = {Mode.AUTHENTICATE: PinName.AUTH, Mode.SIGN: PinName.SIGN, Mode.TEXT: PinName.TEXT}
"""Which PIN each wish needs."""


def carry_out(
    asked: Asked, transmit: Transmit, pin: str, uuid: str
) -> Message | WrongPin | Locked | CardError:
    """The answer for the page; what went wrong with the PIN or the card is for the person alone."""
    match asked.mode:
        case Mode.AUTHENTICATE:
            # The real client reads this record on every sign-in; a phone has none.
            record = read_card_record(transmit)
            outcome = authenticate(transmit, pin, asked.digest_infos[0])
            if not isinstance(outcome, Signed):
                return outcome
            known = record if isinstance(record, CardRecord) else None
            return messages.authenticated(uuid, outcome.signature, outcome.certificate, known)
        case Mode.SIGN:
            signatures, certificate = [], b""
            for digest_info in asked.digest_infos:
                outcome = sign(transmit, pin, digest_info)
                if not isinstance(outcome, Signed):
                    return outcome
                signatures.append(outcome.signature)
                certificate = outcome.certificate
            return messages.signed(signatures, certificate)
        case Mode.TEXT:
            four = read_basic_four(transmit, pin)
            return messages.text_read(four) if isinstance(four, BasicFour) else four
        case Mode.CLOSE:
            return messages.closed()
