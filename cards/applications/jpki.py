"""公的個人認証AP: two key pairs and their certificates (CARD.md 1.2)."""

from __future__ import annotations

from cards.chip.files import (
    FREE,
    NEVER,
    Application,
    ChangedBy,
    File,
    Guard,
    KeyFile,
    KeyUse,
    PinFile,
    TransparentFile,
    needs,
)
from cards.contents import CardContents, CardKind
from cards.pins import PinName

AID = bytes.fromhex("D392F000260100000001")

SIGN_CERTIFICATE = 0x0001
SIGN_CA = 0x0002
TOKEN_INFORMATION = 0x0006
CERTIFICATES_PRESENT = 0x0008
AUTH_CERTIFICATE = 0x000A
AUTH_CA = 0x000B
TERMINAL_CA_KEY = 0x0016
AUTH_KEY = 0x0017
AUTH_PIN = 0x0018
SIGN_KEY = 0x001A
SIGN_PIN = 0x001B

PRESENT = 0x8F

_LABELS = {
    CardKind.PLASTIC: b"JPKIAPICCTOKEN2",
    CardKind.ANDROID: b"JPKIAPGPSETOKEN",
    # Not published. The name says so to whoever reads it.
    CardKind.NEXT_GENERATION_PROVISIONAL: b"JPKIAP-NEXT-PROVISIONAL",
}


def token_information(contents: CardContents) -> bytes:
    """PKCS #11's CK_TOKEN_INFO in 160 bytes with 32-bit big-endian numbers (CARD.md 1.5).

    The serial number is the same on all cards (CARD.md 2.2), so software tells cards apart by their certificates.
    """
    text = _LABELS[contents.kind].ljust(32) + b"".ljust(32) + b"".ljust(16) + b"00000000".ljust(16)
    numbers = (0x040D, 1, 0, 1, 0, 16, 6, *(4 * (0xFFFFFFFF,)))
    return text + b"".join(each.to_bytes(4, "big") for each in numbers) + b"03" + b"01" + 16 * b"9"


def certificates_present(contents: CardContents) -> bytes:
    """EF 0008: signature certificate, user-authentication certificate, a byte nobody knows."""
    return bytes((PRESENT if contents.sign_certificate is not None else 0x00, PRESENT, 0x00))


def _sign_certificate(contents: CardContents) -> bytes:
    # Without the certificate the file is there and holds filler (assumed): OpenSC selects it on every card.
    return contents.sign_certificate if contents.sign_certificate is not None else 256 * b"\xff"


def _application(auth_certificate_guard: Guard) -> Application:
    files: dict[int, File] = {
        SIGN_CERTIFICATE: TransparentFile(_sign_certificate, needs(PinName.SIGN)),
        SIGN_CA: TransparentFile(lambda contents: contents.sign_ca),
        TOKEN_INFORMATION: TransparentFile(token_information),
        CERTIFICATES_PRESENT: TransparentFile(certificates_present),
        0x0009: TransparentFile(lambda contents: 16 * b"\xff", NEVER),
        AUTH_CERTIFICATE: TransparentFile(lambda contents: contents.auth_certificate, auth_certificate_guard),
        AUTH_CA: TransparentFile(lambda contents: contents.auth_ca),
        TERMINAL_CA_KEY: KeyFile(KeyUse.OTHER),
        AUTH_KEY: KeyFile(KeyUse.SIGNATURE, needs(PinName.AUTH), lambda contents: contents.auth_key),
        AUTH_PIN: PinFile(PinName.AUTH, ChangedBy.CHANGE_REFERENCE_DATA),
        SIGN_KEY: KeyFile(KeyUse.SIGNATURE, needs(PinName.SIGN), lambda contents: contents.sign_key),
        SIGN_PIN: PinFile(PinName.SIGN, ChangedBy.CHANGE_REFERENCE_DATA),
    }
    # Selectable on real cards, purpose unknown (CARD.md 1.2).
    files.update({unknown: KeyFile(KeyUse.OTHER) for unknown in (0x0005, 0x0010, 0x0019, 0x001C, 0x001E)})
    return Application("公的個人認証AP", AID, files)


PLASTIC = _application(FREE)
ANDROID = _application(needs(PinName.AUTH))
"""On a phone the user-authentication certificate itself needs the PIN."""
