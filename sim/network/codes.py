"""Linkage codes (符号): a keyed permutation, so that no table of codes is needed (DOMAIN.md 3).

A code is AES-128 of one block, the person's internal number ‖ the organisation's code, under a key that belongs to that
organisation and derives from the network's secret. Without the secret two organisations can't match people; with it
the core turns a code into a person and back, 200,000 times a second and more.

Of the 128 bits only 27 say who it is; the others come out as they must (the organisation's own code, leading
zeros) for our codes alone, so a code that is not ours is found, save one in 2^101.

An intermediate server's table 団体内統合宛名番号 ↔ 符号 is computed here as well: it is handed this object and uses it
for the organisation that it answers for, and for no other. The real table is stored and filled when a code is first
obtained; here every person has a code at every organisation from the start.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

DISCLOSURE_SYSTEM: Final = "9900000000000001"
"""開示システム: the organisation code under which the portal has its own code for each person. Our own."""
PERSON_BITS: Final = 27
"""As in serial numbers of certificates: room for 134 million."""
PERSONS_MAX: Final = 1 << PERSON_BITS
ORGANISATIONS_OPEN_MAX: Final = 4096
"""Ciphers kept ready, some hundred bytes each; the whole nation has about 3,400 organisations."""

_HALF_BYTES: Final = 8
_ORGANISATION_DIGITS: Final = 16


class _Ciphers(NamedTuple):
    encrypt: Callable[[bytes], bytes]
    decrypt: Callable[[bytes], bytes]
    own: bytes
    """The organisation's code as it stands in the block: sixteen digits in eight bytes."""


class LinkageCodes:
    """All codes of one network. Not to be shared between threads."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._open: OrderedDict[str, _Ciphers] = OrderedDict()

    def __repr__(self) -> str:
        return f"LinkageCodes({len(self._open)} organisations open)"

    def code_of(self, person: int, organisation: str) -> str:
        """The name of this person in this organisation's mouth. Raises ValueError for what is no number or code."""
        if not 0 <= person < PERSONS_MAX:
            raise ValueError(f"person number {person} is not in 0..{PERSONS_MAX - 1}")
        encrypt, _, own = self._ciphers(organisation)
        return encrypt(person.to_bytes(_HALF_BYTES, "big") + own).hex()

    def person_of(self, code: str, organisation: str) -> int | None:
        """Whose code this is, or None when it is no code of this organisation.

        Raises ValueError when *organisation* is no organisation code.
        """
        _, decrypt, own = self._ciphers(organisation)
        try:
            sealed = bytes.fromhex(code)
        except ValueError:
            return None
        if len(sealed) != 2 * _HALF_BYTES:
            return None
        block = decrypt(sealed)
        if block[_HALF_BYTES:] != own:
            return None
        person = int.from_bytes(block[:_HALF_BYTES], "big")
        return person if person < PERSONS_MAX else None

    def translate(self, code: str, organisation: str, to: str) -> str | None:
        """変換: the same person's code at another organisation, or None."""
        person = self.person_of(code, organisation)
        return None if person is None else self.code_of(person, to)

    def _ciphers(self, organisation: str) -> _Ciphers:
        ciphers = self._open.get(organisation)
        if ciphers is None:
            ciphers = self._make(organisation)
            while len(self._open) >= ORGANISATIONS_OPEN_MAX:
                self._open.popitem(last=False)
            self._open[organisation] = ciphers
        return ciphers

    def _make(self, organisation: str) -> _Ciphers:
        if len(organisation) != _ORGANISATION_DIGITS or not (
            organisation.isascii() and organisation.isdigit()
        ):
            raise ValueError(f"an organisation code has {_ORGANISATION_DIGITS} digits")
        key = hmac.digest(self._secret, f"linkage code key of {organisation}".encode(), "sha256")[:16]
        # One block at a time, each of which differs from every other: the mode adds nothing here. S305
        cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
        return _Ciphers(cipher.encryptor().update, cipher.decryptor().update, bytes.fromhex(organisation))
