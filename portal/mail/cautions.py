"""システムからの注意: mails about what an account's owner should know of, because somebody else may have done it (ACC-4).

A caution to an account that stays is an outbox row like that of any mail. One that must reach an address which the account
is about to lose (it is closed, or has another address) is sealed into its row under a key of its own: the row, its key and
the address go away together as soon as the mail is out.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

import msgspec

from portal.accounts.model import OpenedAccount
from portal.folder.sealing import Sealer
from portal.mail.model import WORK, Caution, MailKey
from portal.seams.chance import Chance, identifier
from portal.store import outbox
from portal.store.store import Op
from portal.wire.sign_in import MailEvent

PARTING = "parting_caution"
"""The outbox work that sends a caution to an address that its account no longer has."""
_PLACE = "caution"


class Reader(NamedTuple):
    """Who is cautioned."""

    nickname: str
    address: str


class Parting(NamedTuple):
    """A caution as its row has it."""

    caution: Caution
    moment_ms: int
    name: str
    """Of the mail and of its key; no account's."""
    reader: Reader


def caution(account: OpenedAccount | None, what: Caution, about: str, now_ms: int) -> list[Op]:
    """Promises this caution if it is wished; whether it still is is looked up when it is sent."""
    if account is None or not account.mails_about(MailEvent.CAUTION):
        return []
    key = MailKey(MailEvent.CAUTION, account.account_id, f"{what}.{about}", now_ms).text()
    return [outbox.put(WORK, key, due_ms=now_ms, now_ms=now_ms)]


def parting(sealer: Sealer, chance: Chance, account: OpenedAccount, what: Caution, now_ms: int) -> list[Op]:
    """The same to every address that the account has now, whatever becomes of the account."""
    if not account.mails_about(MailEvent.CAUTION):
        return []
    ops: list[Op] = []
    for address in account.confirmed_addresses:
        name = identifier(chance)
        key = sealer.new_key(name)
        content = msgspec.json.encode(Reader(account.settings.nickname, address))
        sealed = sealer.seal(name, key, _PLACE, content)
        sealer.forget(name)
        row = "/".join((what, str(now_ms), name, _text(key), _text(sealed)))
        ops.append(outbox.put(PARTING, row, due_ms=now_ms, now_ms=now_ms))
    return ops


def read_parting(sealer: Sealer, row_key: str) -> Parting:
    """What :func:`parting` wrote. Raises :class:`portal.folder.sealing.Unreadable`."""
    what, moment, name, key, sealed = row_key.split("/")
    content = sealer.open(name, urlsafe_b64decode(key), _PLACE, urlsafe_b64decode(sealed))
    sealer.forget(name)
    return Parting(Caution(what), int(moment), name, msgspec.json.decode(content, type=Reader))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()
