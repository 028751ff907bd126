"""A citizen at a terminal: calls the portal, and tells the reference model what was done and what was seen."""

from typing import Any, NamedTuple, TypeVar

from cards import terminal
from cards.terminal import Signed
from portal.links.link import Unreachable
from portal.wire import sign_in
from portal.wire.operation import Done, Nothing, Operation
from portal.wire.problems import Problem, ProblemCode
from portal.wire.sign_in import AccountSettings, AccountView, Challenge, MailEvent, SignedIn, SignIn
from portal.wire.systems import Party, System
from scenarios.explorer.case import Errand
from scenarios.explorer.deck_acts import Act
from scenarios.explorer.deck_sessions import Window
from scenarios.explorer.exploring import HEARD, Citizenship, Exploration, Heard
from scenarios.explorer.registry import noticed, sometimes
from sim.world.chance import SeededChance

Req = TypeVar("Req")
Res = TypeVar("Res")

TRIES_MAX = 4
"""How often somebody tries to sign in before giving up."""
OCSP_SAYS_GOOD_MS = (30 + 5 + 1) * 60_000
"""How long OCSP may call a certificate good after it was revoked: its answer's life, what clocks may differ, the way."""
CRL_SAYS_GOOD_MS = 3 * 86_400_000
"""And the CRL that stands in for it: two days of life, and as old as one day when it was fetched."""

INTERNAL = noticed("no request ends in an error of the portal's own", "ACC-1")
REVOKED = noticed("a certificate that was revoked opens nothing once that must be known", "ACC-1")
EXPIRED = noticed("a certificate that has expired opens nothing", "ACC-1")
SENT_ONCE = noticed("what must not be repeated is sent once", "ACC-1")
UNKNOWN = noticed("every refusal is one that the operation declares", "ACC-1")

REVOKED_BETWEEN = sometimes(
    "revoked-between-challenge-and-signature", "電子証明書が、署名を頼まれてから届くまでの間に失効する"
)
REFUSED_REVOKED = sometimes("refused-as-revoked", "失効した電子証明書でのログインが断られる")
REFUSED_EXPIRED = sometimes("refused-as-expired", "有効期間の過ぎた電子証明書でのログインが断られる")
NOT_KNOWN = sometimes("revocation-unknown", "失効を確かめられず、ログインが断られる")
STORAGE = sometimes("storage-refused", "保存できず、利用者に断る")
OVERLOADED = sometimes("overloaded", "混み合って、利用者に断る")
UNANSWERED = sometimes("no-answer-to-a-citizen", "利用者に回答が届かない")
ENDED_BY_TIME = sometimes("session-ended-by-time", "使っていた人が、時間でログアウトしている")
OPENED_AGAIN = sometimes("account-opened-again", "アカウントを閉じた人が、もう一度利用者登録をする")
CHALLENGE_LATE = sometimes("challenge-expired", "署名が間に合わず、手続きの時間が過ぎる")

_MARKS = {
    ProblemCode.CERTIFICATE_REVOKED: REFUSED_REVOKED,
    ProblemCode.CERTIFICATE_EXPIRED: REFUSED_EXPIRED,
    ProblemCode.REVOCATION_UNKNOWN: NOT_KNOWN,
    ProblemCode.STORAGE_REFUSED: STORAGE,
    ProblemCode.OVERLOADED: OVERLOADED,
    ProblemCode.CHALLENGE_EXPIRED: CHALLENGE_LATE,
}
_ALWAYS = frozenset([ProblemCode.OVERLOADED, ProblemCode.STORAGE_REFUSED, ProblemCode.NOT_SIGNED_IN])
"""What any operation may say."""


class Called(NamedTuple):
    """A call and what came of it."""

    outcome: Any
    began: int
    ended: int


class Citizen:
    """利用者 with one window open; other windows of the same person are other citizens."""

    def __init__(self, run: Exploration, errand: Errand, chance: SeededChance) -> None:
        self.run = run
        self.chance = chance
        self.errand = errand
        self.me: Citizenship = run.residents[errand.who % len(run.residents)]
        self.owner = self.me.owner
        self.window: Window | None = None
        self.challenge: Challenge | None = None
        self._portal = run.link(Party.CITIZEN, System.PORTAL)
        self.keys = 0

    def __repr__(self) -> str:
        return f"<Citizen {self.me.name}, errand {self.errand.number}>"

    def another_window(self) -> "Citizen":
        """The same person at a second window, not signed in there."""
        other = Citizen(self.run, self.errand, self.chance.fork(f"window/{self.run.tick()}"))
        other.keys = self.run.tick() * 1000
        return other

    def new_key(self) -> str:
        self.keys += 1
        return f"{self.errand.number}-{self.keys}"

    def picks(self, share: float) -> bool:
        return self.chance.uniform() < share

    async def wait(self, least_s: float, most_s: float) -> None:
        await self.run.pause(least_s + int((most_s - least_s) * 1000 * self.chance.uniform()) / 1000)

    # Calling

    async def call(
        self, operation: Operation[Req, Res], request: Req, *, window: Window | None = None
    ) -> Called:
        """Call the portal in a window's session; whatever every call must keep is checked here."""
        run, me = self.run, self.me
        began_ms = run.portal_ms()
        self.owner.time_is(began_ms, run.tick())
        authorization = "" if window is None else f"Bearer {window.token}"
        act = Act(run.tick())
        deeds = me.diary.begin(operation.name, request, window, act, began_ms)
        me.in_flight[operation.name] += 1
        try:
            outcome = await self._portal.call(operation, request, authorization=authorization)
        finally:
            me.in_flight[operation.name] -= 1
        act.ended = run.tick()
        ended_ms = run.portal_ms()
        self.owner.time_is(ended_ms, act.ended)
        me.diary.end(operation.name, deeds, outcome, window, ended_ms)
        if (note := HEARD.get(operation.name)) is not None:
            note(self, Heard(operation, request, outcome, act, began_ms, ended_ms))
        match outcome:
            case Unreachable():
                run.reached(UNANSWERED)
            case Problem(code=code):
                self._refused(operation, outcome, window, act)
                if (mark := _MARKS.get(code)) is not None:
                    run.reached(mark)
            case _ if window is not None:
                # What never arrived was no use of the session.
                self.owner.used(window, began_ms)
                run.judge(me, self.owner.let_in(window, act))
        return Called(outcome, act.began, act.ended)

    def _refused(self, operation: Any, answer: Problem, window: Window | None, act: Act) -> None:
        run = self.run
        if answer.code is ProblemCode.INTERNAL:
            run.breach(INTERNAL, "a refusal or an answer", f"{operation.name}: {answer.detail}")
        elif answer.code not in _ALWAYS and answer.code not in operation.problems:
            run.breach(UNKNOWN, "、".join(operation.problems), f"{operation.name}: {answer.code}")
        elif answer.code is ProblemCode.NOT_SIGNED_IN and window is not None:
            run.judge(self.me, self.owner.turned_away(window, act))
            if window.leaving is None:
                run.reached(ENDED_BY_TIME)
                if self.window is window:
                    self.window = None

    # Signing in

    async def ask_challenge(self) -> Challenge | None:
        called = await self.call(sign_in.ASK_CHALLENGE, Nothing())
        return called.outcome if isinstance(called.outcome, Challenge) else None

    async def present(self, challenge: Challenge) -> SignedIn | Problem | Unreachable | None:
        """Put the card on the reader, type the PIN, send what it signed."""
        me, run = self.me, self.run
        me.card.power_on()
        signed = terminal.authenticate(me.card.transmit, me.pin, challenge.digest_info)
        me.card.power_off()
        if not isinstance(signed, Signed):
            return None
        revoked_at, sent_ms, began_ms = me.revoked_at, run.now_ms(), run.portal_ms()
        called = await self.call(
            sign_in.SIGN_IN, SignIn(challenge.challenge, signed.signature, signed.certificate)
        )
        outcome: SignedIn | Problem | Unreachable = called.outcome
        if me.revoked_at is not None and revoked_at is None and me.card_is(signed.certificate):
            run.reached(REVOKED_BETWEEN)
        presented = run.own.setdefault("presented", set())
        is_used = isinstance(outcome, Problem) and outcome.code is ProblemCode.CHALLENGE_USED
        if is_used and challenge.challenge not in presented and not self.owner.has_copies:
            run.breach(SENT_ONCE, "an answer to it", "challenge-used, though it was presented once")
        presented.add(challenge.challenge)
        if not isinstance(outcome, SignedIn):
            self.owner.sessions_unheard += 1
        if isinstance(outcome, SignedIn):
            act = Act(called.began, called.ended, True)
            # Its time began when it was opened, however long the word of it took.
            run.judge(me, self.owner.signed_in(outcome.session, outcome.nickname, began_ms, act))
            self.window = self.owner.windows[-1]
            if revoked_at is not None:
                limit = CRL_SAYS_GOOD_MS if run.case.terms.crl_instead_of_ocsp else OCSP_SAYS_GOOD_MS
                skew = run.own.get("skew_ms", 0)
                if sent_ms - revoked_at > limit + 2 * skew:
                    run.breach(REVOKED, "refused", f"{me.name} signed in")
            if sent_ms > me.expires_ms + run.own.get("skew_ms", 0):
                run.breach(EXPIRED, "refused", f"{me.name} signed in")
        return outcome

    async def sign_in(self) -> bool:
        """As people do it: try some times, register if that was not done. Whether it succeeded."""
        for attempt in range(TRIES_MAX):
            challenge = await self.ask_challenge()
            outcome = None if challenge is None else await self.present(challenge)
            if isinstance(outcome, SignedIn):
                return outcome.nickname is not None or await self.register()
            if isinstance(outcome, Problem) and outcome.code in (
                ProblemCode.CERTIFICATE_REVOKED,
                ProblemCode.CERTIFICATE_EXPIRED,
            ):
                return False
            await self.wait(1, 20 * (attempt + 1))
        return False

    async def register(self) -> bool:
        """Choose a nickname; whether there is an account then."""
        nickname = f"{self.me.name}-{self.run.tick()}"
        wishes = self.wishes(nickname)
        for _ in range(2):
            window = self.window
            if window is None:
                return False
            called = await self.settle(sign_in.OPEN_ACCOUNT, wishes, window)
            match called.outcome:
                case AccountView():
                    self.joined(called)
                    return True
                case Problem(code=ProblemCode.ACCOUNT_EXISTS):
                    self.joined(called)
                    return True
                case Problem(code=ProblemCode.NOT_SIGNED_IN):
                    return False
            await self.wait(1, 10)
        return False

    async def settle(
        self, operation: Operation[AccountSettings, AccountView], wishes: AccountSettings, window: Window
    ) -> Called:
        """Open the account, or change it, to these settings; whatever comes of it, the model knows that it was tried."""
        owner, mail = self.owner, self.me.mail
        naming = owner.named(wishes.nickname, self.run.tick())
        wished = mail.wished(wishes, naming)
        called = await self.call(operation, wishes, window=window)
        if isinstance(called.outcome, AccountView):
            naming.ended, naming.is_certain = called.ended, True
            mail.taken(wished, called.outcome)
        return called

    def joined(self, called: Called) -> None:
        """There is an account for sure."""
        self.owner.registered(Act(called.began, called.ended, True))
        if self.owner.is_new_after_closing:
            self.run.reached(OPENED_AGAIN)
        if self.window is not None:
            self.window.is_joined = True
            self.window.joined_at = min(self.window.joined_at, called.ended)

    def wishes(self, nickname: str) -> AccountSettings:
        events = [event for event in MailEvent if self.picks(0.6)]
        addresses = (self.me.address,) if self.picks(0.7) else ()
        return AccountSettings(nickname, addresses, tuple(events))

    async def ensure_signed_in(self) -> bool:
        return self.window is not None or await self.sign_in()

    async def sign_out(self, window: Window | None = None) -> None:
        """Leave by hand; who hears nothing tries again, then walks away."""
        window = window or self.window
        if window is None:
            return
        if window is self.window:
            self.window = None
        for _ in range(3):
            act = self.owner.leave(window, self.run.tick())
            called = await self.call(sign_in.SIGN_OUT, Nothing(), window=window)
            if isinstance(called.outcome, Done):
                self.owner.left(window, act, called.ended)
                if act.is_certain:
                    await self.run.signed_out(self.me, act)
                return
            if isinstance(called.outcome, Problem) and called.outcome.code is ProblemCode.NOT_SIGNED_IN:
                return
            await self.wait(1, 5)
