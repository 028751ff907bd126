"""Delegations: registered with both cards, changed, ended, and used (PRX-1…7)."""

from collections.abc import Callable, Sequence

import msgspec

from portal.accounts.model import Hand, OpenedAccount
from portal.accounts.service import Accounts
from portal.history.service import History
from portal.mail.cautions import caution
from portal.mail.model import Caution
from portal.proxies import tables
from portal.proxies.model import (
    Delegation,
    Draft,
    Event,
    Sided,
    State,
    after,
    agreed_to,
    check_new_end,
    check_scope,
    check_terms,
    end_of,
    kept_since_ms,
)
from portal.seams.chance import Chance, identifier
from portal.seams.clock import Clock
from portal.sessions.challenges import Issued
from portal.sessions.guard import SignedIn
from portal.sessions.model import Session
from portal.sessions.service import Sessions
from portal.sessions.tables import use_challenge
from portal.store.store import Conflict, Op, Query, Store, read_one
from portal.wire.history import Action, Service
from portal.wire.limits import PROXIES_OF_ACCOUNT_MAX
from portal.wire.moments import day_of, start_of
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.proxies import (
    Acting,
    ChangeDelegation,
    Delegations,
    DelegationView,
    Registration,
    Scope,
    Terms,
)

DRAFT_KEPT_MS = 60 * 60 * 1000
"""How long one may take from the form to the card."""
_DRAFT = "proxy draft"
MEMO = "メモ"
RUN_OUT_AT_ONCE_MAX = 200
"""Delegations that one sweep ends."""

NOT_HERE = problem(ProblemCode.NOT_FOUND, "この代理はありません。代理人の画面から選びなおしてください。")
OVER = problem(ProblemCode.CONFLICT, "この代理は、もう終わっています。")
CHANGED_MEANWHILE = problem(
    ProblemCode.CONFLICT,
    "この代理は、ほかの画面で変えられました。いまの内容を確かめてから、もう一度変えてください。",
)
NOT_ACTIVE = problem(
    ProblemCode.FORBIDDEN,
    "この代理は、まだ始まっていないか、もう終わっています。「自分の画面に戻る」で戻ってください。",
)
OWN_CARD = problem(
    ProblemCode.UNPROCESSABLE,
    "ご自分のカードです。代理人になる方のマイナンバーカードを読み取ってください。",
    field="$.certificate",
)
NO_ACCOUNT = problem(
    ProblemCode.UNPROCESSABLE,
    "代理人になる方の利用者登録がありません。先に、その方がご自分のカードでログインし、利用者登録をしてください。",
    field="$.certificate",
)
NOT_AGREED = problem(
    ProblemCode.UNPROCESSABLE, "代理の内容を確かめて、本人の同意を選んでください。", field="$.agreed"
)
TWICE = problem(
    ProblemCode.CONFLICT,
    "この方は、もう代理人です。範囲は「変更」で変えられます。期間をのばすには、いまの代理を終えてから登録してください。",
)


class Proxies:
    """代理人."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chance: Chance,
        accounts: Accounts,
        sessions: Sessions,
        history: History,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._accounts = accounts
        self._sessions = sessions
        self._history = history
        sessions.leaving = self._leaving

        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""

    def __repr__(self) -> str:
        return "Proxies()"

    # Registering

    def prepare(self, owner: SignedIn, terms: Terms) -> Issued | Problem:
        """What the proxy's card is asked to sign: these terms, in this session."""
        wrong = check_terms(terms, day_of(self._clock.now_ms()))
        return wrong or self._sessions.agreement(agreed_to(terms, owner.session.token_hash))

    async def keep_draft(self, owner: OpenedAccount, terms: Terms, *, agreed: bool = False) -> Problem | None:
        """What the owner is filling in, from one page to the next."""
        wrong = check_terms(terms, day_of(self._clock.now_ms()))
        if wrong is not None:
            return wrong
        sealed = self._accounts.seal(owner.account, _DRAFT, msgspec.json.encode(Draft(terms, agreed)))
        await self._store.write([tables.keep_draft(owner.account_id, sealed, self._clock.now_ms())])
        return None

    async def draft(self, owner: OpenedAccount) -> Draft | None:
        """What the owner has filled in last, unless it is registered or old."""
        since = self._clock.now_ms() - DRAFT_KEPT_MS
        found = await read_one(self._store, tables.DRAFT, {"account_id": owner.account_id, "since": since})
        if found is None:
            return None
        raw = self._accounts.unseal(owner.account, _DRAFT, found.sealed)
        return msgspec.json.decode(raw, type=Draft)

    async def register(self, owner: SignedIn, wanted: Registration) -> DelegationView | Problem:
        """Both are here: the owner's session says yes, and the proxy's card has signed the same terms."""
        wrong = check_terms(wanted.terms, day_of(self._clock.now_ms()))
        if wrong is not None:
            return wrong
        if not wanted.agreed:
            return NOT_AGREED
        about = agreed_to(wanted.terms, owner.session.token_hash)
        found = await self._sessions.card_at_hand(
            wanted.challenge, wanted.certificate, wanted.signature, about
        )
        if isinstance(found, Problem):
            return _READ_AGAIN.get(found.code, found)
        person = found.person
        if person.root_serial == owner.account.account.root_serial:
            return OWN_CARD
        proxy = None if person.account_id is None else await self._accounts.by_id(person.account_id)
        if proxy is None:
            return NO_ACCOUNT
        full = await self._full(owner.account, proxy)
        if full is not None:
            return full
        return await self._grant(owner.account, proxy, wanted, use_challenge(*found.presented[::2]))

    async def _full(self, owner: OpenedAccount, proxy: OpenedAccount) -> Problem | None:
        now = self._clock.now_ms()
        for query, account in ((tables.GRANTED_BY, owner), (tables.GRANTED_TO, proxy)):
            total = await self._store.read(query, {"account_id": account.account_id, "now": now})
            if total[0].total >= PROXIES_OF_ACCOUNT_MAX:
                return problem(
                    ProblemCode.TOO_MANY,
                    f"一人の代理人も、一人が代理する方も、{PROXIES_OF_ACCOUNT_MAX}人までです。どれかを終えてから登録してください。",
                )
        return None

    async def _grant(
        self, owner: OpenedAccount, proxy: OpenedAccount, wanted: Registration, used: Op
    ) -> DelegationView | Problem:
        now = self._clock.now_ms()
        between = {"owner_id": owner.account_id, "proxy_id": proxy.account_id, "now": now}
        for earlier in await self._store.read(tables.RUN_OUT_BETWEEN, between):
            await self._run_out(earlier, now)
        delegation = Delegation(
            identifier(self._chance),
            owner.account_id,
            proxy.account_id,
            State.GRANTED,
            b"",
            int(wanted.scope.mail),
            now,
            start_of(wanted.start),
            end_of(wanted.end),
        )
        delegation = delegation._replace(scope=self._sealed(owner, delegation, wanted.scope))
        ops = [
            used,
            tables.insert(delegation),
            tables.drop_draft(owner.account_id),
            *self._lines(owner, proxy, Action.GRANT, delegation),
            *_cautions(owner, proxy, Caution.PROXY_GRANTED, delegation, now),
        ]
        outcome = await self._store.write(ops)
        if isinstance(outcome, Conflict):
            if outcome.op == 0:
                return _USED
            # Closed in this very moment, an account is granted nothing.
            gone = await self._accounts.by_id(proxy.account_id) is None
            return NO_ACCOUNT if gone else TWICE
        self.expect_work(now)
        return self._view(owner, proxy.settings.nickname, delegation, now)

    def _lines(
        self,
        owner: OpenedAccount,
        proxy: OpenedAccount | None,
        action: Action,
        delegation: Delegation,
        changed: Sequence[str] = (),
    ) -> list[Op]:
        """In both histories, each with the other's nickname and the names of what was changed."""
        about = delegation.delegation_id
        if proxy is None:
            return [self._history.line(owner, Service.PROXIES, action, about, detail="、".join(changed))]
        # In a proxy's hand the history says whose it is by itself.
        whose = proxy.settings.nickname if owner.by is None else ""
        # The owner's own words are not the proxy's business, not even that they are different.
        shown = [each for each in changed if each != MEMO]
        return [
            self._history.line(owner, Service.PROXIES, action, about, detail=_with(whose, changed)),
            self._history.line(
                proxy, Service.PROXIES, action, about, detail=_with(owner.settings.nickname, shown)
            ),
        ]

    def _sealed(self, owner: OpenedAccount, delegation: Delegation, scope: Scope) -> bytes:
        return self._accounts.seal(owner.account, delegation.place, msgspec.json.encode(scope))

    def _scope(self, owner: OpenedAccount, delegation: Delegation) -> Scope:
        raw = self._accounts.unseal(owner.account, delegation.place, delegation.scope)
        return msgspec.json.decode(raw, type=Scope)

    # Looking

    def _view(
        self, owner: OpenedAccount, nickname: str, delegation: Delegation, now: int, *, memo: bool = True
    ) -> DelegationView:
        scope = self._scope(owner, delegation)
        soon = delegation.ends_soon(now, scope)
        return DelegationView(
            delegation.delegation_id,
            delegation.shown_at(now),
            nickname,
            scope if memo else msgspec.structs.replace(scope, memo=""),
            day_of(delegation.start_ms),
            delegation.last_day,
            soon,
            delegation.version,
        )

    async def listed(self, account: OpenedAccount) -> Delegations:
        """Both sides of this account."""
        now = self._clock.now_ms()
        proxies: list[DelegationView] = []
        owners: list[DelegationView] = []
        for each in await self._of(tables.OF_OWNER, account):
            proxy = await self._accounts.by_id(each.proxy_id)
            if proxy is not None:
                proxies.append(self._view(account, proxy.settings.nickname, each, now))
        for each in await self._of(tables.OF_PROXY, account):
            owner = await self._accounts.by_id(each.owner_id)
            if owner is not None:
                owners.append(self._view(owner, owner.settings.nickname, each, now, memo=False))
        return Delegations(tuple(proxies), tuple(owners))

    async def ending_soon(self, account: OpenedAccount) -> tuple[DelegationView, ...]:
        """Of both sides of this account, what is to be warned of today (PRX-6)."""
        listed = await self.listed(account)
        return tuple(view for view in (*listed.proxies, *listed.owners) if view.ends_soon)

    async def one(self, account: OpenedAccount, delegation_id: str) -> Sided | Problem:
        """A delegation as this side of it sees it."""
        found = await self._one(delegation_id)
        owner = None if found is None else await self._accounts.by_id(found.owner_id)
        proxy = None if found is None else await self._accounts.by_id(found.proxy_id)
        now = self._clock.now_ms()
        if found is not None and owner is not None and proxy is not None:
            if owner.account_id == account.account_id:
                return Sided(self._view(owner, proxy.settings.nickname, found, now), mine=True)
            if proxy.account_id == account.account_id:
                return Sided(self._view(owner, owner.settings.nickname, found, now, memo=False), mine=False)
        return NOT_HERE

    async def _of(self, query: Query[Delegation], account: OpenedAccount) -> list[Delegation]:
        return await self._store.read(query, {"account_id": account.account_id})

    async def _one(self, delegation_id: str) -> Delegation | None:
        return await read_one(self._store, tables.BY_ID, {"delegation_id": delegation_id})

    # Changing and ending

    async def change(self, owner: OpenedAccount, wanted: ChangeDelegation) -> DelegationView | Problem:
        """By the owner, while it is granted; from the next request of the proxy's on."""
        wrong = check_scope(wanted.scope)
        if wrong is not None:
            return wrong
        found = await self._one(wanted.delegation_id)
        if found is None or found.owner_id != owner.account_id:
            return NOT_HERE
        now = self._clock.now_ms()
        if after(found.state_at(now), Event.CHANGE) is None:
            return OVER
        wrong = check_new_end(found, wanted.end, day_of(now))
        if wrong is not None:
            return wrong
        proxy = await self._accounts.by_id(found.proxy_id)
        if wanted.version is not None and wanted.version != found.version:
            # The same change that came again, since nobody heard that it was done, is done.
            same = (wanted.version + 1, wanted.end) == (found.version, found.last_day)
            if same and self._scope(owner, found) == wanted.scope:
                return self._view(owner, "" if proxy is None else proxy.settings.nickname, found, now)
            return CHANGED_MEANWHILE
        changed = found._replace(
            version=found.version + 1,
            scope=self._sealed(owner, found, wanted.scope),
            mails=int(wanted.scope.mail),
            end_ms=end_of(wanted.end),
        )
        names = _changed_in(self._scope(owner, found), wanted.scope)
        if wanted.end != found.last_day:
            names.append("期間")
        ops = [
            tables.change(found, changed),
            *self._lines(owner, proxy, Action.CHANGE, found, names),
        ]
        if isinstance(await self._store.write(ops), Conflict):
            return CHANGED_MEANWHILE
        return self._view(owner, "" if proxy is None else proxy.settings.nickname, changed, now)

    async def end(self, owner: OpenedAccount, delegation_id: str) -> Done | Problem:
        """By the owner; ending what is over is just as well."""
        found = await self._one(delegation_id)
        if found is None or found.owner_id != owner.account_id:
            return NOT_HERE
        return await self._finish(found, Event.END, owner, await self._accounts.by_id(found.proxy_id))

    async def withdraw(self, proxy: OpenedAccount, delegation_id: str) -> Done | Problem:
        """By the proxy; in the owner's history as the proxy's deed."""
        found = await self._one(delegation_id)
        owner = None if found is None else await self._accounts.by_id(found.owner_id)
        if found is None or owner is None or found.proxy_id != proxy.account_id:
            return NOT_HERE
        in_hand = msgspec.structs.replace(owner, by=self._hand(owner, proxy, found))
        return await self._finish(found, Event.WITHDRAWAL, in_hand, proxy)

    async def _finish(
        self, found: Delegation, event: Event, owner: OpenedAccount, proxy: OpenedAccount | None
    ) -> Done:
        now = self._clock.now_ms()
        state = after(found.state_at(now), event)
        if state is not None:
            # A conflict means that somebody else ended it first: just as well.
            await self._store.write(self._finish_ops(found, state, owner, proxy, now))
            self.expect_work(now)
        return Done()

    def _finish_ops(
        self,
        found: Delegation,
        state: State,
        owner: OpenedAccount,
        proxy: OpenedAccount | None,
        now: int,
    ) -> list[Op]:
        return [
            tables.finish(found, state),
            *self._lines(owner, proxy, Action.END, found),
            *_cautions(owner, proxy, Caution.PROXY_ENDED, found, now),
        ]

    # Acting

    def _hand(self, owner: OpenedAccount, proxy: OpenedAccount, delegation: Delegation) -> Hand:
        scope = self._scope(owner, delegation)
        return Hand(
            delegation.delegation_id,
            proxy.settings.nickname,
            frozenset(scope.rights),
            frozenset(scope.information),
            scope.mail,
        )

    async def owner_in_hand_of(self, proxy: OpenedAccount, delegation_id: str) -> OpenedAccount | Problem:
        """The owner's account as this proxy may use it at this moment."""
        found = await self._one(delegation_id)
        owner = None if found is None else await self._accounts.by_id(found.owner_id)
        if found is None or owner is None or found.proxy_id != proxy.account_id:
            return NOT_ACTIVE
        if not found.active_at(self._clock.now_ms()):
            return NOT_ACTIVE
        return msgspec.structs.replace(owner, by=self._hand(owner, proxy, found))

    async def proxy_of(self, delegation_id: str) -> OpenedAccount | None:
        """Who acts by this delegation, unless there is none of it."""
        found = await self._one(delegation_id)
        return None if found is None else await self._accounts.by_id(found.proxy_id)

    async def act(self, user: SignedIn, delegation_id: str) -> Acting | Problem:
        """From now on the session is for the owner's folder."""
        found = await self._one(delegation_id)
        if found is None or found.proxy_id != user.account.account_id:
            return NOT_HERE
        owner = await self.owner_in_hand_of(user.account, delegation_id)
        if isinstance(owner, Problem):
            return owner
        lines = self._lines(owner, user.account, Action.SIGN_IN, found)
        if not await self._sessions.act_for(user.session, delegation_id, lines):
            return NOT_HERE
        return Acting(self._view(owner, owner.settings.nickname, found, self._clock.now_ms(), memo=False))

    async def acting(self, user: SignedIn) -> Acting:
        """For whom the session is, also when that delegation is over by now."""
        found = None if user.session.acting_for is None else await self._one(user.session.acting_for)
        owner = None if found is None else await self._accounts.by_id(found.owner_id)
        if found is None or owner is None or found.proxy_id != user.account.account_id:
            return Acting(None)
        return Acting(self._view(owner, owner.settings.nickname, found, self._clock.now_ms(), memo=False))

    async def _leaving(self, session: Session, action: Action) -> list[Op]:
        """The end of acting for somebody, when a session ends with it (PRX-7)."""
        found = None if session.acting_for is None else await self._one(session.acting_for)
        owner = None if found is None else await self._accounts.by_id(found.owner_id)
        proxy = None if found is None else await self._accounts.by_id(found.proxy_id)
        if found is None or owner is None or proxy is None or session.account_id != found.proxy_id:
            return []
        in_hand = msgspec.structs.replace(owner, by=self._hand(owner, proxy, found))
        at_ms = min(self._clock.now_ms(), session.idle_until_ms, session.ends_ms)
        if action is Action.SIGN_OUT:
            at_ms = self._clock.now_ms()
        about = found.delegation_id
        whose = owner.settings.nickname
        return [
            self._history.line(in_hand, Service.PROXIES, action, about, at_ms=at_ms),
            self._history.line(proxy, Service.PROXIES, action, about, detail=whose, at_ms=at_ms),
        ]

    async def stop_acting(self, user: SignedIn) -> Acting:
        """The session is for its own user again."""
        if user.session.acting_for is None:
            return Acting(None)
        found = await self._one(user.session.acting_for)
        owner = None if found is None else await self._accounts.by_id(found.owner_id)
        lines: list[Op] = []
        if found is not None and owner is not None and found.proxy_id == user.account.account_id:
            in_hand = msgspec.structs.replace(owner, by=self._hand(owner, user.account, found))
            lines = self._lines(in_hand, user.account, Action.SIGN_OUT, found)
        await self._sessions.act_for(user.session, None, lines)
        return Acting(None)

    # Time

    async def sweep(self) -> None:
        """End what has run out, with a line in both histories; forget what has been over for long."""
        now = self._clock.now_ms()
        for found in await self._store.read(tables.RUN_OUT, {"now": now, "most": RUN_OUT_AT_ONCE_MAX}):
            await self._run_out(found, now)
        ops = [tables.delete_older(kept_since_ms(now)), tables.drop_drafts(now - DRAFT_KEPT_MS)]
        await self._store.write(ops)

    async def _run_out(self, found: Delegation, now: int) -> None:
        """Its time is over: both sides have it in their histories, and are warned."""
        owner = await self._accounts.by_id(found.owner_id)
        state = after(State(found.state), Event.PERIOD_END)
        if owner is None or state is None:
            # Closed since it was read, and gone with its account.
            return
        proxy = await self._accounts.by_id(found.proxy_id)
        # A conflict means that somebody else was quicker: just as well.
        await self._store.write(self._finish_ops(found, state, owner, proxy, now))
        self.expect_work(now)


def _cautions(
    owner: OpenedAccount, proxy: OpenedAccount | None, what: Caution, delegation: Delegation, now: int
) -> list[Op]:
    """To both sides, as far as they wish it (ACC-4)."""
    return [op for side in (owner, proxy) for op in caution(side, what, delegation.delegation_id, now)]


def _changed_in(before: Scope, now: Scope) -> list[str]:
    """The names of what is different, for the history."""
    return [
        name
        for name, was, is_now in (
            ("まかせること", set(before.rights), set(now.rights)),
            ("見てよい情報", set(before.information), set(now.information)),
            ("メール通知", before.mail, now.mail),
            ("警告の時期", before.warn_days, now.warn_days),
            (MEMO, before.memo, now.memo),
        )
        if was != is_now
    ]


def _with(whose: str, changed: Sequence[str]) -> str:
    return f"{whose} {'、'.join(changed)}" if changed else whose


_READ_AGAIN = {
    code: problem(code, words)
    for code, words in (
        (
            ProblemCode.CHALLENGE_UNKNOWN,
            "この内容への同意ではありません。代理人のカードを、もう一度読み取ってください。",
        ),
        (ProblemCode.CHALLENGE_EXPIRED, "時間が過ぎました。代理人のカードを、もう一度読み取ってください。"),
        (ProblemCode.CHALLENGE_USED, "代理人のカードを、もう一度読み取ってください。"),
        (
            ProblemCode.SIGNATURE_REFUSED,
            "この内容に対する署名ではありません。代理人のカードを、もう一度読み取ってください。",
        ),
    )
}
"""Where signing in would have to begin anew, only the card is read anew."""
_USED = _READ_AGAIN[ProblemCode.CHALLENGE_USED]
