"""Signing in with a card, staying signed in, signing out (ACC-1, ACC-2, FLD-3)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

from portal.accounts.model import OpenedAccount, check_settings
from portal.accounts.service import Accounts, NoAnswer, Person
from portal.accounts.tables import link_certificate
from portal.folder import tables as folder_tables
from portal.folder.kinds import WORK as FOLDER_WORK
from portal.history import tables as history_tables
from portal.history.service import History
from portal.mail.cautions import caution
from portal.mail.model import Caution
from portal.mail.service import promise
from portal.notices import tables as notices_tables
from portal.proxies import tables as proxies_tables
from portal.seams.chance import Chance, token
from portal.seams.clock import Clock
from portal.sessions import tables, terminals
from portal.sessions.certificates import TrustAnchors, Unacceptable
from portal.sessions.challenges import Challenges, ExpiredChallenge, Issued, Presented, UnknownChallenge
from portal.sessions.living import Living
from portal.sessions.model import Session, idle_until, token_hash, worth_extending
from portal.sessions.revocation import Revocation, Standing
from portal.sessions.terminals import kind_of
from portal.settings import PortalSettings
from portal.store.outbox import Outbox
from portal.store.store import Conflict, Op, StorageRefused, Store, StoreOverloaded, read_one
from portal.wire.history import Action, Service
from portal.wire.limits import FIRST_TIME_SECONDS, SESSIONS_FOR_ACCOUNT_MAX
from portal.wire.moments import to_utc
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.sign_in import AccountSettings, MailEvent, SignIn

log = structlog.get_logger(__name__)


class Opened(NamedTuple):
    """A session was opened; *token* is told to its bearer and kept nowhere."""

    token: str
    session: Session
    account: OpenedAccount | None


SIGNING_IN_AGAIN_MAX = 3
"""How often a sign-in is written anew because the account was closed or opened in between."""
NO_HOLDER = problem(
    ProblemCode.UPSTREAM_UNAVAILABLE,
    "電子証明書の持ち主を公的個人認証サービスに確認できませんでした。しばらくしてからお試しください。",
)


class AtHand(NamedTuple):
    """A card that answered just now."""

    presented: Presented
    serial: str
    person: Person


class Sessions:
    """ログイン・ログアウト."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chance: Chance,
        accounts: Accounts,
        anchors: TrustAnchors,
        revocation: Revocation,
        challenges: Challenges,
        outbox: Outbox,
        history: History,
        settings: PortalSettings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._accounts = accounts
        self._anchors = anchors
        self._revocation = revocation
        self._challenges = challenges
        self._outbox = outbox
        self._history = history
        self._settings = settings
        self._living = Living(store)
        self.ended: Callable[[str], None] = lambda account_id: None
        """Tells whoever watches an account that a session of it has ended; set once somebody does."""

        self.leaving: Callable[[Session, Action], Awaitable[list[Op]]] = _nothing
        """What else is written when a session ends that acts for somebody; set once there are proxies (PRX-7)."""

    def __repr__(self) -> str:
        return "Sessions()"

    def challenge(self) -> Issued:
        return self._challenges.issue(self._clock.now_ms())

    def agreement(self, about: bytes) -> Issued:
        """A challenge whose signature agrees to *about*, and is good for nothing else."""
        return self._challenges.issue(self._clock.now_ms(), about)

    async def card_at_hand(
        self, challenge: str, certificate: bytes, signature: bytes, about: bytes = b""
    ) -> AtHand | Problem:
        """Whose card signed this challenge, with a certificate that is in force (ACC-1).

        That the challenge is used once its user must write down, with :func:`tables.use_challenge`.
        """
        now = self._clock.now_ms()
        presented = self._challenges.present(challenge, now, about)
        if isinstance(presented, UnknownChallenge):
            return problem(ProblemCode.CHALLENGE_UNKNOWN, "はじめからログインをやり直してください。")
        if isinstance(presented, ExpiredChallenge):
            return problem(
                ProblemCode.CHALLENGE_EXPIRED, "時間が過ぎました。はじめからログインをやり直してください。"
            )
        verified = self._anchors.verify(certificate, to_utc(now))
        if isinstance(verified, Unacceptable):
            return problem(verified.code, verified.detail)
        if not verified.signed(signature, presented.digest):
            return problem(
                ProblemCode.SIGNATURE_REFUSED,
                "このログインの手続きに対する署名ではありません。カードを読み取り直してください。",
            )
        standing = await self._revocation.standing(verified)
        if standing is not Standing.GOOD:
            return _STANDING_PROBLEMS[standing]
        person = await self._accounts.person_of(verified.serial)
        if isinstance(person, NoAnswer):
            return NO_HOLDER
        return AtHand(presented, verified.serial, person)

    async def sign_in(self, request: SignIn) -> Opened | Problem:
        """A session for whoever's card signed the challenge. Nothing is written unless everything holds."""
        found = await self.card_at_hand(request.challenge, request.certificate, request.signature)
        if isinstance(found, Problem):
            return found
        presented, serial, person = found
        for _ in range(SIGNING_IN_AGAIN_MAX):
            opened = await self._enter(presented, serial, person, request.terminal)
            if opened is not None:
                return opened
            now_is = await self._accounts.person_of(serial)
            if isinstance(now_is, NoAnswer):
                return NO_HOLDER
            if now_is == person:
                break
            # Closed meanwhile, or opened: it is not the challenge that stood in the way.
            person = now_is
        return problem(ProblemCode.CHALLENGE_USED, "はじめからログインをやり直してください。")

    async def _enter(self, presented: Presented, serial: str, person: Person, terminal: str) -> Opened | None:
        """The session, written; None when the challenge was used before, or the account is another by now."""
        now = self._clock.now_ms()
        account = None if person.account_id is None else await self._accounts.by_id(person.account_id)
        secret = token(self._chance)
        session = self._session(secret, serial, person.root_serial, account, terminal, now)
        ops = [tables.use_challenge(presented.nonce, presented.ends_ms), tables.insert(session)]
        if account is not None:
            ops.append(link_certificate(serial, account.account_id, now))
            ops.append(tables.delete_oldest(account.account_id, SESSIONS_FOR_ACCOUNT_MAX))
            about, where = presented.nonce[:12].hex(), kind_of(terminal).name
            ops.append(self._history.line(account, Service.SIGN_IN, Action.SIGN_IN, about, detail=where))
            if MailEvent.SIGN_IN in account.settings.mail_events:
                # The mail is named by the challenge: one sign-in, one mail.
                ops.append(promise(MailEvent.SIGN_IN, account.account_id, about, now))
            if person.is_new_certificate:
                ops += caution(account, Caution.NEW_CERTIFICATE, about, now)
        if isinstance(await self._store.write(ops), Conflict):
            return None
        if account is not None:
            # The oldest of too many have ended.
            self._living.forget_of(account.account_id)
        self._outbox.promised(ops)
        return Opened(secret, session, account)

    def _session(
        self, secret: str, serial: str, root: str, account: OpenedAccount | None, terminal: str, now: int
    ) -> Session:
        most = self._settings.session_seconds_max if account is not None else FIRST_TIME_SECONDS
        ends = now + most * 1000
        return Session(
            token_hash(secret),
            None if account is None else account.account_id,
            serial,
            root,
            str(terminal),
            now,
            idle_until(now, ends, self.idle_seconds(terminal)),
            ends,
        )

    def idle_seconds(self, terminal: str) -> int:
        """How long a session at this kind of terminal waits for its user (ACC-7)."""
        own, shared = self._settings.session_idle_seconds, self._settings.session_idle_shared_seconds
        return terminals.idle_seconds(terminal, own, shared)

    def at_hand(self, secret: str) -> Session | None:
        """What :meth:`find` would find without asking the store or writing; None says nothing."""
        session = self._living.get(token_hash(secret))
        if session is None:
            return None
        now = self._clock.now_ms()
        if session.over(now) or worth_extending(session, now, self.idle_seconds(session.terminal)):
            return None
        return session

    async def find(self, secret: str, *, extend: bool = True) -> Session | None:
        """The living session of this token; its idle time begins anew if *extend*, that is, if its user did something."""
        return await self.find_hashed(token_hash(secret), extend=extend)

    async def find_hashed(self, hashed: bytes, *, extend: bool = True) -> Session | None:
        """As :meth:`find`, for who knows only the token's hash."""
        session = self._living.get(hashed)
        if session is None:
            session = await read_one(self._store, tables.BY_HASH, {"token_hash": hashed})
            if session is not None:
                self._living.put(session)
        now = self._clock.now_ms()
        if session is None or session.over(now):
            return None
        idle = self.idle_seconds(session.terminal)
        if extend and worth_extending(session, now, idle):
            extended = tables.extend(session.token_hash, idle_until(now, session.ends_ms, idle))
            try:
                await self._store.write([extended])
                self._living.forget(session.token_hash)
            except (StorageRefused, StoreOverloaded) as refusal:
                # Reading goes on where nothing can be written; the session only ends a little earlier.
                log.warning("session_not_extended", reason=str(refusal))
        return session

    async def open_account(self, session: Session, settings: AccountSettings) -> OpenedAccount | Problem:
        """First-time registration (初回の利用者登録). Asking again, or from two windows at once, opens one account."""
        wrong = check_settings(settings)
        if wrong is not None:
            return wrong
        if session.account_id is not None:
            return await self._already_open(session, settings)
        opened = self._accounts.new(session.root_serial, settings)
        opening = self._accounts.opening_ops(opened, session.serial, kind_of(session.terminal).name)
        ops = [*opening, self._joining(session, opened.account_id)]
        if isinstance(await self._store.write(ops), Conflict):
            return await self._already_open(session, settings)
        self._living.forget(session.token_hash)
        self._outbox.promised(ops)
        return opened

    def _joining(self, session: Session, account_id: str) -> Op:
        now = self._clock.now_ms()
        ends = session.opened_ms + self._settings.session_seconds_max * 1000
        until = idle_until(now, ends, self.idle_seconds(session.terminal))
        return tables.give_account(session.token_hash, account_id, until, ends)

    async def _already_open(self, session: Session, settings: AccountSettings) -> OpenedAccount | Problem:
        account = await self._accounts.by_root(session.root_serial)
        if account is None:
            return problem(ProblemCode.NOT_SIGNED_IN, "もう一度ログインしてください。")
        if session.account_id is None:
            await self._store.write([self._joining(session, account.account_id)])
            self._living.forget(session.token_hash)
        if account.settings == settings:
            return account
        return problem(
            ProblemCode.ACCOUNT_EXISTS,
            "この方のアカウントはすでにあります。内容は「アカウント設定」で変えられます。",
        )

    async def renewed(self, session: Session) -> str | None:
        """A new token for this session, in the place of the one that it had; None when it has ended meanwhile."""
        secret = token(self._chance)
        outcome = await self._store.write([tables.renew(session.token_hash, token_hash(secret))])
        self._living.forget(session.token_hash)
        return None if isinstance(outcome, Conflict) else secret

    async def end(self, session: Session) -> None:
        """The session is no more; nothing else ends with it."""
        await self._store.write([tables.delete(session.token_hash)])
        self._living.forget(session.token_hash)

    async def sign_out(self, session: Session) -> None:
        """The session ends, and with it what was read (FLD-3); what was not read stays."""
        ops = [tables.delete(session.token_hash)]
        account = None if session.account_id is None else await self._accounts.by_id(session.account_id)
        if account is not None:
            ops.append(folder_tables.delete_read(account.account_id))
            about = session.token_hash[:12].hex()
            ops.append(self._history.line(account, Service.SIGN_IN, Action.SIGN_OUT, about))
            ops += await self.leaving(session, Action.SIGN_OUT)
        await self._store.write(ops)
        self._living.forget(session.token_hash)
        if session.account_id is not None:
            self._accounts.forget(session.account_id)
            self.ended(session.account_id)

    async def act_for(self, session: Session, delegation_id: str | None, ops: Sequence[Op] = ()) -> bool:
        """From now on this session acts by this delegation, or for its own user; False when it is over meanwhile.

        *ops* are written with it.
        """
        outcome = await self._store.write([tables.act_for(session.token_hash, delegation_id), *ops])
        self._living.forget(session.token_hash)
        return not isinstance(outcome, Conflict)

    async def close_account(self, account: OpenedAccount) -> None:
        """ACC-5: the account is gone, with it everybody who was signed in to it and all work that was to be done for it."""
        mine = account.account_id
        ops = [
            *notices_tables.erase_own(mine),
            *proxies_tables.lines_of_closing(mine, self._clock.now_ms()),
            *proxies_tables.cautions_of_closing(mine, self._clock.now_ms()),
            folder_tables.drop_work_of(mine, FOLDER_WORK),
            tables.delete_all_of(mine),
        ]
        await self._accounts.close(account, ops)
        self._living.forget_of(account.account_id)
        self.ended(account.account_id)

    async def expire(self) -> None:
        """Sign out by time whoever left without doing it; forget challenges that have expired anyway."""
        now = self._clock.now_ms()
        left: list[Op] = []
        for session in await self._store.read(tables.ACTING_OVER, {"now": now}):
            left += await self.leaving(session, Action.SIGN_OUT_BY_TIME)
        await self._store.write(
            [
                *left,
                history_tables.insert_signed_out_by_time(now),
                tables.delete_over(now),
                tables.forget_challenges(now),
                folder_tables.delete_read_of_the_absent(now),
            ]
        )
        # Of who has left nothing stays in memory until the end of the session, neither keys nor what they opened.
        self._living.forget_all()
        self._accounts.forget_all()


async def _nothing(_: Session, __: Action) -> list[Op]:
    return []


_STANDING_PROBLEMS: dict[Standing, Problem] = {
    Standing.REVOKED: problem(
        ProblemCode.CERTIFICATE_REVOKED,
        "この電子証明書は失効しています。市区町村の窓口で新しい電子証明書の発行を受けてください。",
    ),
    Standing.UNKNOWN: problem(
        ProblemCode.CERTIFICATE_REFUSED,
        "公的個人認証サービスが発行を確認できない電子証明書です。市区町村の窓口にお問い合わせください。",
    ),
    Standing.NO_ANSWER: problem(
        ProblemCode.REVOCATION_UNKNOWN,
        "公的個人認証サービスから回答がなく、電子証明書の失効を確認できません。しばらくしてからお試しください。",
    ),
}
