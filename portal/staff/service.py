"""Staff sign in with ID and password; what they do is written down.

Passwords are hashed with argon2id, which takes memory and tens of milliseconds: live in the workshop's threads.
"""

from functools import partial
from typing import NamedTuple

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.seams.chance import Chance, identifier, token
from portal.seams.clock import Clock
from portal.seams.workshop import Workshop
from portal.sessions.model import token_hash
from portal.staff import tables
from portal.staff.model import OPERATOR_ID, Staff, StaffAction, StaffSession, after_failure, session_times
from portal.store.store import Conflict, Op, Store, read_one
from portal.wire.limits import STAFF_ACTIONS_DAYS, STAFF_LOCK_SECONDS

log = structlog.get_logger(__name__)

HOLDS = b"holds"
"""What the workshop brings back when a password is right."""
PASSWORD_CHARACTERS_MAX = 200
SALT_BYTES = 16


class SignedInStaff(NamedTuple):
    """Somebody at the desk."""

    staff_id: str
    session: StaffSession


class Entered(NamedTuple):
    """*token* is told to its bearer and kept nowhere."""

    token: str


class Refused(NamedTuple):
    """Wrong ID or password: which of them is not said."""


class Waiting(NamedTuple):
    """Too many wrong passwords, or too many people at once."""

    seconds: int


class StaffDesk:
    """職員のログイン."""

    def __init__(
        self, store: Store, clock: Clock, chance: Chance, workshop: Workshop, first_password: str
    ) -> None:
        """*first_password* is the operator's, until somebody has set another."""
        self._store = store
        self._clock = clock
        self._chance = chance
        self._first_password = first_password
        self._hasher = PasswordHasher()
        self._workshop = workshop
        self._nobody = ""

    def __repr__(self) -> str:
        return "StaffDesk()"

    def _hashed(self, password: str) -> str:
        return self._hasher.hash(password, salt=self._chance.random_bytes(SALT_BYTES))

    def _holds(self, hashed: str, password: str) -> bytes:
        try:
            return HOLDS if self._hasher.verify(hashed, password) else b""
        except (VerificationError, InvalidHashError):
            return b""

    async def _account(self, staff_id: str) -> Staff | None:
        staff = await read_one(self._store, tables.BY_ID, {"staff_id": staff_id})
        if staff is None and staff_id == OPERATOR_ID and self._first_password:
            # Hashed only when somebody comes to the desk: most portals are started for something else.
            staff = Staff(OPERATOR_ID, self._hashed(self._first_password), 0, 0)
            await self._store.write([tables.put(staff)])
        return staff

    async def sign_in(self, staff_id: str, password: str) -> Entered | Refused | Waiting:
        """A session for whoever knows the password; wrong ones are counted before they are answered."""
        if len(password) > PASSWORD_CHARACTERS_MAX:
            await self.record("", "sign_in_failed", "")
            return Refused()
        staff = await self._account(staff_id)
        now = self._clock.now_ms()
        if staff is not None and staff.locked(now):
            return Waiting(-(-(staff.locked_until_ms - now) // 1000))
        if not self._nobody:
            self._nobody = self._hashed("")
        # Whether there is such an account is not to be heard from how long this takes.
        hashed = self._nobody if staff is None else staff.password
        said = await self._workshop.make(partial(self._holds, hashed, password))
        if said is None:
            return Waiting(1)
        if staff is None:
            await self.record("", "sign_in_failed", "")
            return Refused()
        return await (self._enter(staff) if said == HOLDS else self._count(staff))

    async def _count(self, staff: Staff) -> Refused | Waiting:
        now = self._clock.now_ms()
        tried = after_failure(staff, now)
        ops = [tables.tried(staff, tried), self.note(staff.staff_id, "sign_in_failed", "")]
        if tried.locked(now):
            ops.append(self.note(staff.staff_id, "locked", ""))
        outcome = await self._store.write(ops)
        if isinstance(outcome, Conflict):
            # Somebody else tries at the same time.
            return Waiting(1)
        if tried.locked(now):
            log.warning("staff_locked", staff=staff.staff_id)
            return Waiting(STAFF_LOCK_SECONDS)
        return Refused()

    async def _enter(self, staff: Staff) -> Entered | Waiting:
        now = self._clock.now_ms()
        secret = token(self._chance)
        session = StaffSession(token_hash(secret), staff.staff_id, *session_times(now))
        ops = [
            tables.tried(staff, staff._replace(failures=0)),
            tables.insert_session(session),
            self.note(staff.staff_id, "sign_in", ""),
        ]
        if isinstance(await self._store.write(ops), Conflict):
            return Waiting(1)
        return Entered(secret)

    def note(self, staff_id: str, action: str, about: str) -> Op:
        """操作記録, for the transaction of what was done."""
        return tables.note(identifier(self._chance), self._clock.now_ms(), staff_id, action, about)

    async def record(self, staff_id: str, action: str, about: str) -> None:
        """操作記録 of what changes nothing else."""
        await self._store.write([self.note(staff_id, action, about)])

    async def actions(self, skipped: int, most: int) -> list[StaffAction]:
        """What was done, newest first."""
        return await self._store.read(tables.ACTIONS, {"skipped": skipped, "most": most})

    async def actions_count(self) -> int:
        (total,) = await self._store.read(tables.ACTIONS_COUNTED, {})
        return total

    async def find(self, secret: str) -> SignedInStaff | None:
        """The living session of this token; its idle time begins anew."""
        session = await read_one(self._store, tables.SESSION, {"token_hash": token_hash(secret)})
        now = self._clock.now_ms()
        if session is None or session.over(now):
            return None
        until = min(session_times(now)[0], session.ends_ms)
        if until - session.idle_until_ms >= 60_000:
            await self._store.write([tables.extend(session.token_hash, until)])
        return SignedInStaff(session.staff_id, session)

    async def sign_out(self, staff: SignedInStaff) -> None:
        ops = [
            tables.delete_session(staff.session.token_hash),
            self.note(staff.staff_id, "sign_out", ""),
        ]
        await self._store.write(ops)

    async def sweep(self) -> None:
        now = self._clock.now_ms()
        before = now - STAFF_ACTIONS_DAYS * 86_400_000
        await self._store.write([tables.delete_over(now), tables.drop_actions(before)])
