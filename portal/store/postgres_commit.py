"""Many transactions in one commit of PostgreSQL: two round trips while all of them hold, four when one does not.

First everything is sent at once, as if nothing could fail. When the server's counts say that something did, all is
undone and sent again in segments, each of which is undone by itself; what holds is then committed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from portal.store.postgres_session import (
    ABORTED,
    OK,
    Backend,
    Lost,
    Prepared,
    Session,
    error_of,
    in_one_line,
    sqlstate,
)
from portal.store.postgres_sql import TEXT_FORMAT, values
from portal.store.store import COMMITTED, Committed, Conflict, Op, StorageRefused

Outcome = Committed | Conflict | Exception
Transaction = Sequence[Op]

# Each statement sees what was committed before it began, and waits for who holds its rows: what the preconditions of
# one operation need. Stricter levels would fail whole commits for what one of their transactions looked at.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_NUMBER = "SELECT pg_current_xact_id()::text"
_MARK = "SAVEPOINT one"
_UNDO_TO_MARK = "ROLLBACK TO SAVEPOINT one"
_DROP_MARK = "RELEASE SAVEPOINT one"
_FRAME = (_BEGIN, _NUMBER, _MARK, _UNDO_TO_MARK, _DROP_MARK, "ROLLBACK", "COMMIT")

_INTEGRITY = "23"
_NOT_SO_MANY = "22012"
"""Division by zero: what :func:`portal.store.postgres_sql.held` makes of another number of rows."""
_NOT_LET_GO = "55P03"
_TRY_AGAIN = ("40", _NOT_LET_GO)
"""Serialization failure, deadlock; a lock that nobody let go."""
_REFUSALS = ("25", "42501", "53", "55", "57", "58", "XX")
"""Read-only, not allowed, out of space or memory, a standby, somebody intervened, I/O, damage."""
_TOO_SLOW = "57014"
"""A statement that took too long: its own fault, not that of its neighbours."""


class TryAgain(Exception):
    """Another process was in the way: nothing was written, and the same may succeed now."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.waited = state == _NOT_LET_GO
        """It has been waited for already."""


class InDoubt(Exception):
    """The line broke while the commit was under way: only the server knows what became of it."""

    def __init__(self, number: str, outcomes: list[Outcome], backend: Backend, reason: str) -> None:
        super().__init__(reason)
        self.number = number
        """The server's number of the transaction."""
        self.outcomes = outcomes
        """What it came to if it was committed."""
        self.backend = backend


class _Refused(Exception):
    """The server refuses to write at all."""


class _Ready(NamedTuple):
    """An operation whose statement the line knows and whose parameters can be sent."""

    prepared: Prepared
    sent: list[bytes | None]
    formats: list[int]
    changes: int | None


def is_refusal(state: str) -> bool:
    """Whether the server's disk, memory or operator is the reason; otherwise the statement or its parameters are."""
    return state.startswith(_REFUSALS)


async def commit(session: Session, transactions: Sequence[Transaction]) -> list[Outcome]:
    """All these transactions, as if one after the other, in one commit; what each has come to.

    Raises :class:`~portal.store.postgres_session.Lost` or :class:`TryAgain` (nothing was written), or
    :class:`InDoubt`.
    """
    outcomes: list[Outcome] = [COMMITTED] * len(transactions)
    ready = await _ready(session, transactions, outcomes, is_held=False)
    if not any(ready.values()):
        return outcomes
    try:
        number = await _together(session, ready)
        if number is None:
            await _roll_back(session)
            ready = await _ready(session, transactions, outcomes, is_held=True)
            number = await _apart(session, ready, outcomes)
    except (TryAgain, _Refused) as reason:
        await _roll_back(session)
        if isinstance(reason, TryAgain):
            raise
        return _refused(outcomes, str(reason))
    _send(session, "COMMIT")
    try:
        (result,) = await session.exchange()
    except Lost as lost:
        raise InDoubt(number, outcomes, session.backend, str(lost)) from lost
    if result.status not in OK:
        return _refused(outcomes, in_one_line(error_of(result)))
    return outcomes


def _refused(outcomes: Sequence[Outcome], reason: str) -> list[Outcome]:
    """Nothing was written; whose statement was wrong still hears that."""
    # One exception for each: a shared one would gather everybody's traceback.
    return [outcome if isinstance(outcome, Exception) else StorageRefused(reason) for outcome in outcomes]


async def _ready(
    session: Session, transactions: Sequence[Transaction], outcomes: list[Outcome], *, is_held: bool
) -> dict[int, list[_Ready]]:
    """What can be sent, by its place; what is wrong in itself becomes its caller's outcome."""
    wanted = {(op.sql, is_held and op.changes is not None) for ops in transactions for op in ops}
    statements = await session.prepare([*wanted, *((sql, False) for sql in _FRAME)])
    ready: dict[int, list[_Ready]] = {}
    for index, ops in enumerate(transactions):
        if outcomes[index] is not COMMITTED:
            continue
        made: list[_Ready] = []
        try:
            for sql, params, changes in ops:
                prepared = statements[sql, is_held and changes is not None]
                if isinstance(prepared, Exception):
                    raise prepared
                sent, formats = values(prepared.names, params)
                if is_held and changes is not None:
                    sent.append(b"%d" % changes)
                    formats.append(TEXT_FORMAT)
                made.append(_Ready(prepared, sent, formats, changes))
        except Exception as error:
            outcomes[index] = error
        else:
            ready[index] = made
    return ready


async def _roll_back(session: Session) -> None:
    _send(session, "ROLLBACK")
    await session.exchange()


def _send(session: Session, sql: str) -> None:
    prepared = session.known((sql, False))
    assert prepared is not None, sql
    session.send(prepared, (), ())


async def _together(session: Session, ready: dict[int, list[_Ready]]) -> str | None:
    """Everything at once: the transaction's number, open still; None when something did not hold."""
    _send(session, _BEGIN)
    _send(session, _NUMBER)
    send = session.send
    for ops in ready.values():
        for prepared, sent, formats, _ in ops:
            send(prepared, sent, formats)
    _, number, *results = await session.exchange()
    place = 0
    for ops in ready.values():
        for op in ops:
            result = results[place]
            place += 1
            if result.status not in OK:
                _raise_unless_its_own(result if number.status in OK else number)
                return None
            if op.changes is not None and (result.command_tuples or 0) != op.changes:
                return None
    return _text(number)


async def _apart(session: Session, ready: dict[int, list[_Ready]], outcomes: list[Outcome]) -> str:
    """Each transaction in a segment that is undone when it does not hold; the number of all, open still."""
    for sql in (_BEGIN, _NUMBER, _MARK):
        _send(session, sql)
    for ops in ready.values():
        session.end_segment()
        # Undoes what failed before; after what held there is nothing to undo.
        _send(session, _UNDO_TO_MARK)
        for prepared, sent, formats, _ in ops:
            session.send(prepared, sent, formats)
        _send(session, _DROP_MARK)
        _send(session, _MARK)
    session.end_segment()
    _send(session, _UNDO_TO_MARK)
    results = await session.exchange()
    number = results[1]
    if number.status not in OK:
        raise _Refused(in_one_line(error_of(number)))
    place = 3
    for index, ops in ready.items():
        segment = results[place : place + len(ops) + 3]
        place += len(segment)
        for position, result in enumerate(segment):
            if result.status not in OK:
                outcomes[index] = _outcome(result, ops, position - 1)
                break
    return _text(number)


def _outcome(result: PGresult, ops: list[_Ready], position: int) -> Outcome:
    _raise_unless_its_own(result)
    state = sqlstate(result)
    if 0 <= position < len(ops) and (
        state.startswith(_INTEGRITY) or (state == _NOT_SO_MANY and ops[position].changes is not None)
    ):
        return Conflict(position)
    error = error_of(result)
    return StorageRefused(in_one_line(error)) if state == _TOO_SLOW else error


def _raise_unless_its_own(result: PGresult) -> None:
    """An error that is not this transaction's own concerns all of them."""
    assert result.status != ABORTED, "the first error comes first"
    state = sqlstate(result)
    if state.startswith(_TRY_AGAIN):
        raise TryAgain(state, in_one_line(error_of(result)))
    if is_refusal(state) and state != _TOO_SLOW:
        raise _Refused(in_one_line(error_of(result)))


def _text(result: PGresult) -> str:
    value = result.get_value(0, 0)
    assert value is not None
    return value.decode()
