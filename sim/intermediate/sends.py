"""送信: many things handed over at once, taken as a whole or refused as a whole, and listed either way."""

from hashlib import sha256
from typing import NamedTuple

from portal.store.store import Op, Query, Store, read_one
from portal.wire.intermediate_keeping import Sends, SendState, SendView
from portal.wire.moments import to_utc
from portal.wire.problems import Problem, ProblemCode, problem

COPIES = "copies"
INQUIRY_FILE = "inquiry_file"
SENDS_LISTED_MAX = 200


class SendRow(NamedTuple):
    organisation: str
    kind: str
    name: str
    digest: str
    state: str
    entries: int
    sent_ms: int
    reason: str | None = None

    @property
    def view(self) -> SendView:
        return SendView(
            self.organisation, self.name, self.kind, SendState(self.state), self.entries, to_utc(self.sent_ms),
            self.reason,
        )  # fmt: skip


_ONE = Query(
    "SELECT organisation, kind, name, digest, state, entries, sent_ms, reason FROM sends "
    "WHERE organisation = :organisation AND kind = :kind AND name = :name",
    SendRow,
)
_OF = Query(
    "SELECT organisation, kind, name, digest, state, entries, sent_ms, reason FROM sends "
    "WHERE organisation = :organisation ORDER BY sent_ms DESC, name LIMIT :most",
    SendRow,
)


LATEST = Query(
    "SELECT organisation, kind, name, digest, state, entries, sent_ms, reason FROM sends "
    "ORDER BY sent_ms DESC, name LIMIT :most",
    SendRow,
)


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def insert(row: SendRow) -> Op:
    """A refused send may be sent again under its name, once it is put right; an accepted one stays."""
    return Op(
        "INSERT INTO sends (organisation, kind, name, digest, state, entries, sent_ms, reason) "
        "VALUES (:organisation, :kind, :name, :digest, :state, :entries, :sent_ms, :reason) "
        "ON CONFLICT (organisation, kind, name) DO UPDATE SET digest = excluded.digest, state = excluded.state, "
        "entries = excluded.entries, sent_ms = excluded.sent_ms, reason = excluded.reason "
        "WHERE sends.state = 'refused'",
        row._asdict(),
    )


async def known(store: Store, organisation: str, kind: str, name: str) -> SendRow | None:
    return await read_one(store, _ONE, {"organisation": organisation, "kind": kind, "name": name})


def repeated(row: SendRow, digest: str) -> SendView | Problem | None:
    """What a name that was sent before is answered with; None when it may be sent as if for the first time."""
    if row.state == SendState.REFUSED:
        return None
    if row.digest == digest:
        return row.view
    return problem(
        ProblemCode.CONFLICT, "同じ名前で、別の内容を受け付けています。名前を変えてください。", field="$.name"
    )


async def refuse(store: Store, row: SendRow, answer: Problem) -> Problem:
    """Write down that this send was refused, and why; then say so."""
    await store.write([insert(row._replace(state=str(SendState.REFUSED), reason=answer.detail))])
    return answer


def too_many(entries: int, per_send_max: int) -> Problem | None:
    """件数の上限: one send over it is refused; what stands behind it goes on."""
    if entries <= per_send_max:
        return None
    return problem(
        ProblemCode.TOO_LARGE,
        f"一回の送信は{per_send_max}件までです（受け取ったのは{entries}件）。分けて送ってください。",
    )


async def listed(store: Store, organisation: str) -> Sends:
    rows = await store.read(_OF, {"organisation": organisation, "most": SENDS_LISTED_MAX})
    return Sends(tuple(row.view for row in rows))
