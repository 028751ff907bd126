"""Accounts and sessions: people who come, come twice at once, hand in late, walk away, get a new card."""

from datetime import timedelta

import trio

from portal.links.link import Unreachable
from portal.store.store import Query
from portal.wire import jpki, sign_in
from portal.wire.moments import to_ms
from portal.wire.operation import Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.sign_in import AccountView, SignedIn
from portal.wire.systems import Party, System
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.exploring import Exploration
from scenarios.explorer.registry import Broken, When, actor, invariant, noticed, sometimes, step
from sim.cards_desk.wallet import Issue

NICKNAME = noticed("an account has the nickname that its owner gave it", "ACC-3")
TWICE_OPENED = sometimes("account-opened-twice-at-once", "同じ人が二つの窓から同時に利用者登録をする")
NEW_CARD = sometimes("new-card-same-account", "新しいカードで、もとのアカウントに入る")
AFTER_SIGN_OUT = sometimes("call-after-sign-out", "ログアウトしたセッションを使おうとする")

actor("citizen", Citizen)


@step("citizen", "sign-in", 1)
async def sign_in_again(citizen: Citizen) -> None:
    """Sign in, whether or not there is a window open."""
    await citizen.sign_in()


@step("citizen", "register-twice", 2)
async def register_twice(citizen: Citizen) -> None:
    """Two windows, both from the first page to the registration, at the same time."""
    windows = [citizen, citizen.another_window()]
    if any(window.window is not None for window in windows):
        return
    sent: list[int] = []

    async def open_one(one: Citizen) -> None:
        challenge = await one.ask_challenge()
        if challenge is None:
            return
        outcome = await one.present(challenge)
        if isinstance(outcome, SignedIn) and outcome.nickname is None:
            sent.append(one.me.in_flight[sign_in.OPEN_ACCOUNT.name])
            if one.me.in_flight[sign_in.OPEN_ACCOUNT.name]:
                one.run.reached(TWICE_OPENED)
            await one.register()

    async with trio.open_nursery() as nursery:
        for window in windows:
            nursery.start_soon(open_one, window)


@step("citizen", "hand-in-at-the-last-second", 2)
async def hand_in_late(citizen: Citizen) -> None:
    """The card's answer comes just before or just after the end of the challenge."""
    challenge = await citizen.ask_challenge()
    if challenge is None:
        return
    left = (to_ms(challenge.expires_at) - citizen.run.portal_ms()) / 1000
    await citizen.run.pause(max(0.0, left - 0.06 + 0.12 * citizen.chance.uniform()))
    outcome = await citizen.present(challenge)
    if isinstance(outcome, SignedIn) and outcome.nickname is None:
        await citizen.register()


@step("citizen", "sign-the-same-challenge-twice", 1)
async def present_twice(citizen: Citizen) -> None:
    """One challenge opens one session, however often it is presented."""
    challenge = await citizen.ask_challenge()
    if challenge is None:
        return
    first = await citizen.present(challenge)
    other = citizen.another_window()
    second = await other.present(challenge)
    if isinstance(first, SignedIn) and isinstance(second, SignedIn):
        citizen.run.breach(ONE_CHALLENGE, "challenge-used", "a second session")


ONE_CHALLENGE = noticed("a challenge is good once", "ACC-1")


@step("citizen", "wait-a-little", 2)
async def wait_a_little(citizen: Citizen) -> None:
    await citizen.wait(0.5, 30)


@step("citizen", "wait-long", 1)
async def wait_long(citizen: Citizen) -> None:
    """Longer than a session lasts unused."""
    await citizen.run.pause(citizen.run.case.terms.session_idle_seconds + 5 + 60 * citizen.chance.uniform())


@step("citizen", "walk-away", 2)
async def walk_away(citizen: Citizen) -> None:
    """Close the window without signing out."""
    citizen.window = None


@step("citizen", "sign-out", 4)
async def sign_out(citizen: Citizen) -> None:
    await citizen.sign_out()


@step("citizen", "use-an-old-window", 1)
async def use_an_old_window(citizen: Citizen) -> None:
    """Somebody goes back in the browser after signing out."""
    window = citizen.window
    if window is None:
        return
    await citizen.sign_out()
    citizen.run.reached(AFTER_SIGN_OUT)
    await citizen.call(sign_in.VIEW_ACCOUNT, Nothing(), window=window)


@step("citizen", "view-account", 2)
async def view_account(citizen: Citizen) -> None:
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return
    called = await citizen.call(sign_in.VIEW_ACCOUNT, Nothing(), window=citizen.window)
    if isinstance(called.outcome, AccountView) and called.outcome.nickname not in citizen.owner.nicknames:
        citizen.run.breach(NICKNAME, " or ".join(citizen.owner.nicknames), called.outcome.nickname)


@step("citizen", "change-account", 1)
async def change_account(citizen: Citizen) -> None:
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return
    nickname = f"{citizen.me.name}-{citizen.run.tick()}"
    await citizen.settle(sign_in.CHANGE_ACCOUNT, citizen.wishes(nickname), citizen.window)


@step("citizen", "new-card", 1)
async def new_card(citizen: Citizen) -> None:
    """At the counter: new certificates; the old ones are revoked. Whoever hears nothing asks the counter again."""
    await get_new_card(citizen)
    if await citizen.sign_in() and citizen.owner.sessions_opened > 1:
        citizen.run.reached(NEW_CARD)


async def get_new_card(citizen: Citizen) -> bool:
    run, me = citizen.run, citizen.me
    link = run.link(Party.OPERATOR, System.JPKI)
    serial = str(run.world.simulators.serial_of(me.person.n))
    outcome = await link.call(jpki.REISSUE, jpki.OneSerial(serial))
    issued: Issue | None = run.world.simulators.issued_to(me.person.n)
    if isinstance(outcome, (Problem, Unreachable)) and issued is None:
        return False
    # Whatever the counter heard: the card that is handed over has the certificates that JPKI knows.
    me.take_card(run.facts.wallet.card(me.person.n, run.chance.fork(f"card/{run.tick()}"), issued=issued))
    return True


class _Account:
    """An account and the certificates that open it."""


class _Row(tuple[str, str, str]):
    """account, root serial, serial."""

    def __new__(cls, account: str, root: str, serial: str) -> "_Row":
        return super().__new__(cls, (account, root, serial))


_CERTIFICATES = Query(
    "SELECT a.account_id, a.root_serial, c.serial FROM accounts a LEFT JOIN account_certificates c "
    "ON c.account_id = a.account_id ORDER BY a.account_id, c.serial",
    _Row,
)


@invariant("one account for each person", "ACC-2", When.OFTEN)
async def one_account(run: Exploration) -> Broken | None:
    accounts: dict[int, str] = {}
    for account, root, serial in await run.world.stores[System.PORTAL].read(_CERTIFICATES):
        for number in (root, serial):
            holder = run.facts.serials.holder_of(int(number))
            if holder is None:
                return Broken("an account of a resident", f"{account} of nobody")
            other = accounts.setdefault(holder.n, account)
            if other != account:
                return Broken("one account", f"{other} and {account} of resident {holder.n}")
    return None


@invariant("who has registered has an account", "ACC-2", When.END)
async def everybody_has_one(run: Exploration) -> Broken | None:
    rows = await run.world.stores[System.PORTAL].read(_CERTIFICATES)
    have = set()
    for _, root, _ in rows:
        holder = run.facts.serials.holder_of(int(root))
        have.add(None if holder is None else holder.n)
    missing = [each.name for each in run.residents if each.owner.opened and each.person.n not in have]
    return Broken("an account", f"none of {'、'.join(missing)}") if missing else None


YEAR = timedelta(days=366)
_NOT_NOW = frozenset([ProblemCode.OVERLOADED, ProblemCode.STORAGE_REFUSED, ProblemCode.UPSTREAM_UNAVAILABLE])
