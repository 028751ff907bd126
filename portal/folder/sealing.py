"""Contents of a folder at rest: AES-256-GCM, a data key for each account, wrapped by a master key (DESIGN.md).

Closing an account destroys its wrapped key, and with it everything that was sealed.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.seams.chance import Chance

KEY_BYTES = 32
NONCE_BYTES = 12
OPEN_KEYS_MAX = 1_000
"""Unwrapped data keys in memory, 2.5 KB each; unwrapping one again takes 4 µs."""


Opener = Callable[[str, bytes], bytes]
"""What was sealed at this place of one account. Raises :class:`Unreadable`."""


class Unreadable(Exception):
    """The sealed bytes are not of this account, this place or this master key, or they were altered."""


class Sealer:
    """封印: seals and opens what belongs to one account."""

    def __init__(self, master_key: bytes, chance: Chance) -> None:
        assert len(master_key) == KEY_BYTES, f"a master key has {KEY_BYTES} bytes"
        self._master = AESGCM(master_key)
        self._marking = hmac.digest(master_key, b"marks", "sha256")
        self._chance = chance
        self._open: OrderedDict[str, tuple[bytes, AESGCM]] = OrderedDict()
        """By account: the wrapped key and its cipher."""

    def __repr__(self) -> str:
        return f"<Sealer: {len(self._open)} keys open>"

    def new_key(self, account_id: str) -> bytes:
        """A wrapped data key for a new account."""
        nonce = self._chance.random_bytes(NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, self._chance.random_bytes(KEY_BYTES), account_id.encode())

    def _cipher(self, account_id: str, wrapped_key: bytes) -> AESGCM:
        known = self._open.get(account_id)
        # The key of an opening that was refused may still lie here: what counts is the key that is handed in.
        if known is not None and known[0] == wrapped_key:
            return known[1]
        try:
            key = self._master.decrypt(
                wrapped_key[:NONCE_BYTES], wrapped_key[NONCE_BYTES:], account_id.encode()
            )
        except InvalidTag as error:
            raise Unreadable(f"the key of account {account_id}") from error
        cipher = AESGCM(key)
        self._open[account_id] = wrapped_key, cipher
        if len(self._open) > OPEN_KEYS_MAX:
            self._open.popitem(last=False)
        return cipher

    def seal(self, account_id: str, wrapped_key: bytes, place: str, content: bytes) -> bytes:
        """Sealed for this account and this place (a column and a row's name), so that nothing can be moved."""
        nonce = self._chance.random_bytes(NONCE_BYTES)
        cipher = self._cipher(account_id, wrapped_key)
        return nonce + cipher.encrypt(nonce, content, f"{account_id}/{place}".encode())

    def open(self, account_id: str, wrapped_key: bytes, place: str, sealed: bytes) -> bytes:
        """What was sealed. Raises :class:`Unreadable`."""
        return self.opener(account_id, wrapped_key)(place, sealed)

    def opener(self, account_id: str, wrapped_key: bytes) -> Opener:
        """:meth:`open` for many things of one account, whose key is looked up once."""
        decrypt = self._cipher(account_id, wrapped_key).decrypt

        def opened(place: str, sealed: bytes) -> bytes:
            try:
                return decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], f"{account_id}/{place}".encode())
            except InvalidTag as error:
                raise Unreadable(f"{place} of account {account_id}") from error

        return opened

    def mark(self, text: str) -> str:
        """A sign by which this text is found again in a table, and which says nothing of it without the master key."""
        return hmac.digest(self._marking, text.encode(), "sha256").hex()

    def forget(self, account_id: str) -> None:
        self._open.pop(account_id, None)

    def forget_all(self) -> None:
        self._open.clear()
