"""Cautions: people who wish to be warned by mail, what is done in their accounts, and what comes of it in their mailboxes (ACC-4)."""

import re
from datetime import datetime
from email import message_from_bytes, policy
from typing import NamedTuple

from portal.store.store import Query
from portal.wire import account, proxies, sign_in
from portal.wire.limits import MAIL_CODE_TRIES_MAX
from portal.wire.moments import DAY, JST, to_ms
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import DelegationView
from portal.wire.sign_in import AccountSettings, AccountView, MailEvent, SignedIn
from portal.wire.systems import System
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck_acts import NEVER, Act, Wrong
from scenarios.explorer.deck_cautions import MINUTE_MS, Alarm, Alarms, Cause, Caution
from scenarios.explorer.deck_history import SLACK_MS
from scenarios.explorer.deck_proxies import Grant, runs_out_ms
from scenarios.explorer.exploring import HEARD, Citizenship, Exploration, Heard, serial_of
from scenarios.explorer.parts.account_life import close, confirm_mail
from scenarios.explorer.parts.delegations import Pair, grants_of
from scenarios.explorer.registry import Broken, When, arc, invariant, noticed, sometimes, step
from sim.faults.vocabulary import ClockJump

SUBJECT = "注意のお知らせ"
MAIL_DAYS = 4
"""The portal tries to send a mail for five days."""
_MOMENT = re.compile(r"^(\d+)年(\d+)月(\d+)日 (\d+)時(\d+)分に、", re.MULTILINE)

NOBODY_NAMED = noticed("a caution names nobody but its reader", "ACC-4")
CAUTIONED = {
    cause: sometimes(f"cautioned-{cause.name.lower()}", f"注意のメールが届く：{cause}") for cause in Cause
}
OF_ITS_TIME = sometimes("cautioned-as-it-ran-out", "代理の期間が終わり、注意のメールが届く")
OF_THE_OTHERS_CLOSING = sometimes(
    "cautioned-as-the-other-closed", "相手がアカウントを閉じて代理が終わり、注意のメールが届く"
)


def alarms_of(run: Exploration, resident: Citizenship) -> Alarms:
    known: dict[int, Alarms] = run.own.setdefault("alarms", {})
    if resident.index not in known:
        known[resident.index] = Alarms(resident.owner, resident.mail)
    return known[resident.index]


# What people do


@step("citizen", "wish-to-be-warned", 1)
async def wish_to_be_warned(citizen: Citizen) -> None:
    """Everything by mail to the own address."""
    if await citizen.ensure_signed_in() and citizen.window is not None:
        nickname = f"{citizen.me.name}-{citizen.run.tick()}"
        wishes = AccountSettings(nickname, (citizen.me.address,), tuple(MailEvent))
        await citizen.settle(sign_in.CHANGE_ACCOUNT, wishes, citizen.window)


@step("pair", "wish-to-be-warned", 1)
async def both_wish_to_be_warned(pair: Pair) -> None:
    for citizen in (pair.owner, pair.proxy):
        await wish_to_be_warned(citizen)
        await citizen.wait(1, 20)
        await confirm_mail(citizen)


@step("pair", "one-closes", 0.3)
async def one_closes(pair: Pair) -> None:
    """One of the two closes the account while the delegation is in force; the other one is warned of its end."""
    citizen = pair.owner if pair.chance.uniform() < 0.5 else pair.proxy
    if pair.is_two and await citizen.ensure_signed_in():
        await close(citizen)


@step("citizen", "give-up-mail", 0.5)
async def give_up_mail(citizen: Citizen) -> None:
    """No address any more: who did not mean that hears of it where mail went before."""
    if await citizen.ensure_signed_in() and citizen.window is not None:
        wishes = AccountSettings(f"{citizen.me.name}-{citizen.run.tick()}", (), ())
        await citizen.settle(sign_in.CHANGE_ACCOUNT, wishes, citizen.window)


@step("citizen", "guess-a-code", 0.5)
async def guess_a_code(citizen: Citizen) -> None:
    """Somebody at another's terminal adds an address, and guesses the code that was sent there until there are no tries left."""
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return
    tick = citizen.run.tick()
    new = f"guessed{tick}@example.jp"
    wishes = AccountSettings(f"{citizen.me.name}-{tick}", (citizen.me.address, new), tuple(MailEvent))
    called = await citizen.settle(sign_in.CHANGE_ACCOUNT, wishes, citizen.window)
    if not isinstance(called.outcome, AccountView):
        return
    window = citizen.window
    for _ in range(MAIL_CODE_TRIES_MAX + 1):
        guess = account.MailConfirmation(new, f"{int(1_000_000 * citizen.chance.uniform()):06}")
        await citizen.call(account.CONFIRM_MAIL, guess, window=window)


arc(
    "who-is-warned",
    0.1,
    ("citizen", ("sign-in", "wish-to-be-warned", "wait-a-little", "confirm-mail", "confirm-mail")),
    ("citizen", ("confirm-mail", "guess-a-code", "new-card", "give-up-mail")),
    ("citizen", ("wish-to-be-warned", "wait-a-little", "confirm-mail", "close-account")),
)
arc("who-is-left-alone", 0.03, ("pair", ("wish-to-be-warned", "register", "one-closes")))


# What the model hears of it


def _note(
    citizen: Citizen, heard: Heard, cause: Cause, resident: Citizenship | None = None, *, is_certain: bool
) -> Alarm | None:
    """Of this call, if it was done, this resident (the one who made it, if nobody is named) is warned."""
    if not heard.may_have_been_done and not citizen.owner.has_copies:
        return None
    return _put(citizen, heard, cause, resident or citizen.me, is_certain=is_certain)


def _put(citizen: Citizen, heard: Heard, cause: Cause, resident: Citizenship, *, is_certain: bool) -> Alarm:
    act = heard.act if heard.is_over else Act(heard.act.began)
    until_ms = heard.until_ms if heard.is_over else NEVER
    alarm = Alarm(cause, act.began, act, heard.since_ms, until_ms, is_certain)
    alarms_of(citizen.run, resident).noted.append(alarm)
    return alarm


def _signed_in(citizen: Citizen, heard: Heard) -> None:
    alarms, certificate = alarms_of(citizen.run, citizen.me), heard.request.certificate
    outcome = heard.outcome
    reached = isinstance(outcome, SignedIn) and outcome.nickname is not None
    is_alone = not citizen.me.in_flight[heard.operation.name] and not citizen.owner.closings
    if certificate not in alarms.linked or citizen.owner.closings:
        is_new = certificate not in alarms.tried
        _note(citizen, heard, Cause.CERTIFICATE, is_certain=reached and is_new and is_alone)
    alarms.tried.add(certificate)
    if reached:
        alarms.linked.add(certificate)


def _changed(citizen: Citizen, heard: Heard) -> None:
    mail, addresses = citizen.me.mail, heard.request.mail_addresses
    wish = mail.as_of(heard.request)
    before = mail.in_force(wish.act.began, heard.act.ended, besides=wish)
    if before is not None and before.settings.mail_addresses == addresses:
        return
    is_certain = isinstance(heard.outcome, AccountView) and before is not None
    alarm = _note(citizen, heard, Cause.ADDRESSES, is_certain=is_certain)
    if alarm is not None:
        alarm.at, alarm.besides = wish.act.began, wish


def _guessed(citizen: Citizen, heard: Heard) -> None:
    """The last wrong try is the one that locks; with copies on their way another may have been the last."""
    wrong: dict[str, list[Heard]] = citizen.run.own.setdefault("wrong codes", {})
    tries = wrong.setdefault(heard.request.address, [])
    tries.append(heard)
    code = heard.outcome.code if isinstance(heard.outcome, Problem) else None
    if heard.is_over and code not in (ProblemCode.CODE_REFUSED, ProblemCode.CODE_OVER):
        return
    all_counted = all(each.is_over for each in tries) and not citizen.owner.has_copies
    is_last = all_counted and len(tries) == MAIL_CODE_TRIES_MAX and code is ProblemCode.CODE_OVER
    is_fresh = heard.request.address != citizen.me.address
    # Refused it is, and counted all the same.
    _put(citizen, heard, Cause.CODE, citizen.me, is_certain=is_last and is_fresh)


def _closed(citizen: Citizen, heard: Heard) -> None:
    owner = citizen.owner
    begun = [each for each in owner.closings if not each.is_certain]
    is_certain = isinstance(heard.outcome, Done) and len(begun) == 1
    alarm = _note(citizen, heard, Cause.CLOSED, is_certain=is_certain)
    if alarm is not None and begun:
        alarm.at = begun[0].began
    _ended_by_closing(citizen, heard, is_certain=is_certain)


def _registered(citizen: Citizen, heard: Heard) -> None:
    """Both sides are warned."""
    run = citizen.run
    # Not by the present card: there may be a new one since this one was read.
    holder = run.facts.serials.holder_of(serial_of(heard.request.certificate))
    other = next((each for each in run.residents if holder is not None and each.person.n == holder.n), None)
    if other is None or other is citizen.me:
        return
    is_certain = isinstance(heard.outcome, DelegationView)
    for side in (citizen.me, other):
        if _note(citizen, heard, Cause.GRANTED, side, is_certain=is_certain) is not None:
            _open_end(run, side, heard.since_ms if not is_certain else runs_out_ms(heard.request.end))


def _open_end(run: Exploration, side: Citizenship, since_ms: int) -> None:
    """A delegation may be over some day, at a moment that nobody tells the model."""
    alarms_of(run, side).noted.append(Alarm(Cause.ENDED, 0, Act(0), since_ms, NEVER, is_certain=False))


def _ended(citizen: Citizen, heard: Heard) -> None:
    """By one of the two, who both are warned."""
    run = citizen.run
    grant = grants_of(run).known.get(heard.request.delegation_id)
    if grant is None:
        return
    is_certain = (
        isinstance(heard.outcome, Done) and len(grant.endings) == 1 and _is_in_force(run, grant, heard)
    )
    for side in (grant.owner, grant.proxy):
        _note(citizen, heard, Cause.ENDED, run.residents[side], is_certain=is_certain)


def _is_in_force(run: Exploration, grant: Grant, heard: Heard) -> bool:
    """Whether it certainly had not run out, nor gone with the account of one of the two."""
    return not grant.may_have_run_out(heard.until_ms, 2 * int(run.own["skew_ms"])) and not any(
        run.residents[side].owner.may_have_closed(0, heard.act.began - 1)
        for side in (grant.owner, grant.proxy)
    )


def _ended_by_closing(citizen: Citizen, heard: Heard, *, is_certain: bool) -> None:
    run, here = citizen.run, citizen.me.index
    for grant in grants_of(run).of(here):
        was_there = not grant.endings and not grant.may_have_run_out(
            heard.until_ms, 2 * int(run.own["skew_ms"])
        )
        other = run.residents[grant.proxy if grant.owner == here else grant.owner]
        alone = len(citizen.owner.closings) == 1 and not other.owner.closings
        alarm = _note(citizen, heard, Cause.ENDED, other, is_certain=is_certain and was_there and alone)
        if alarm is not None:
            alarm.is_of_closing = True


HEARD[sign_in.SIGN_IN.name] = _signed_in
HEARD[sign_in.CHANGE_ACCOUNT.name] = _changed
HEARD[account.CONFIRM_MAIL.name] = _guessed
HEARD[account.CLOSE_ACCOUNT.name] = _closed
HEARD[proxies.REGISTER_PROXY.name] = _registered
HEARD[proxies.END_PROXY.name] = _ended
HEARD[proxies.WITHDRAW_PROXY.name] = _ended


# What lies in the mailboxes


class _Mail(NamedTuple):
    recipient: str
    subject: str
    raw: bytes


_MAILS = Query("SELECT recipient, subject, raw FROM mails", _Mail)


async def _cautions(run: Exploration) -> dict[str, list[Caution]]:
    """By address, as their readers understand them."""
    found: dict[str, list[Caution]] = {}
    for mail in await run.world.stores[System.MAILBOX].read(_MAILS):
        if SUBJECT not in mail.subject:
            continue
        message = message_from_bytes(mail.raw, policy=policy.default)
        text = message.get_content()
        cause = next((each for each in Cause if each in text), None)
        moment = _MOMENT.search(text)
        assert cause is not None and moment is not None, text
        _names_nobody(run, mail.recipient, text)
        moment_ms = to_ms(datetime(*map(int, moment.groups()), tzinfo=JST))  # type: ignore[misc,arg-type]
        caution = Caution(str(message["Message-ID"]), mail.recipient, cause, moment_ms)
        found.setdefault(mail.recipient, []).append(caution)
        run.reached(CAUTIONED[cause])
    return found


def _names_nobody(run: Exploration, reader: str, text: str) -> None:
    for each in run.residents:
        if each.address in text or (each.address != reader and f"{each.name}-" in text):
            run.breach(NOBODY_NAMED, "no other's name, no address", text.strip().splitlines()[2])


@invariant(
    "cautions go by mail to whoever wishes them, of what happened and of nothing else", "ACC-4", When.END
)
async def cautions_are_sent(run: Exploration) -> Broken | None:
    found = await _cautions(run)
    jumps = [each.fault.by_ms for each in run.case.plan if isinstance(each.fault, ClockJump)]
    slack_ms = 2 * int(run.own["skew_ms"]) + SLACK_MS
    for resident in run.residents:
        of_closing = [
            each for each in alarms_of(run, resident).noted if each.is_of_closing and each.is_certain
        ]
        if of_closing and any(each.cause is Cause.ENDED for each in found.get(resident.address, [])):
            run.reached(OF_THE_OTHERS_CLOSING)
        wrong = alarms_of(run, resident).compare(
            found.get(resident.address, []), slack_ms, tried_for_days=sum(jumps) > MAIL_DAYS * DAY
        )
        if wrong is None and sum(jumps) <= MAIL_DAYS * DAY:
            wrong = _told_of_what_ran_out(run, resident, found.get(resident.address, []), slack_ms)
        if wrong is not None:
            return Broken(f"{wrong.rule}: {wrong.expected}", f"{wrong.seen} ({resident.name})")
    return None


def _told_of_what_ran_out(
    run: Exploration, resident: Citizenship, mails: list[Caution], slack_ms: int
) -> Wrong | None:
    """Nobody did anything when a delegation's time was over; both sides are warned all the same."""
    if resident.owner.has_late_copies:
        return None
    for grant in grants_of(run).run_out(resident.index, run.portal_ms(), slack_ms):
        if any(run.residents[side].owner.closings for side in (grant.owner, grant.proxy)):
            continue
        ended = [
            mail.address
            for mail in mails
            if mail.cause is Cause.ENDED and mail.moment_ms >= grant.runs_out_ms - MINUTE_MS - slack_ms
        ]
        for address in resident.mail.must_hear(MailEvent.CAUTION, grant.versions[0].act.ended):
            if address not in ended:
                return Wrong("whoever wishes it is cautioned", f"a mail to {address}", "none: it ran out")
            run.reached(OF_ITS_TIME)
    return None
