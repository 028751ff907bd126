"""The life of an account: mail addresses that are confirmed, closing, opening anew; and that nothing of a closed one is left."""

import re
from typing import NamedTuple

import trio

from portal.store.store import Query
from portal.wire import account as wire
from portal.wire import sign_in
from portal.wire.mailbox import LIST_MAILS, READ_MAIL, ListMails, MailContent, Mails, OneMail
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem
from portal.wire.sign_in import AccountView
from portal.wire.systems import Party, System
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.exploring import Citizenship, Exploration
from scenarios.explorer.registry import Broken, When, invariant, noticed, sometimes, step

CODE_MAIL = "メールアドレスの確認番号"
_CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)

LEFT_OVER = noticed("nothing of a closed account is left", "ACC-5")
WRONG_CODE = noticed("only the code that was sent confirms an address", "ACC-4")

CLOSED = sometimes("account-closed", "アカウントが閉じられる")
CLOSED_WAITING = sometimes("closed-while-an-answer-was-due", "回答を待っている間に、アカウントが閉じられる")
OTHER_TAB = sometimes("another-tab-after-closing", "アカウントを閉じた後に、別の窓を使おうとする")
CLOSED_TWICE = sometimes("closed-in-two-windows", "二つの窓から同時に、アカウントを閉じる")
CONFIRMED = sometimes("mail-address-confirmed", "メールアドレスが、届いた番号で確かめられる")
OLD_CODE = sometimes("old-mail-code-refused", "使えなくなった確認番号が断られる")


# Mail addresses


@step("citizen", "confirm-mail", 4)
async def confirm_mail(citizen: Citizen) -> None:
    """Look into the mailbox, and type in the newest code; now and then an old one or a wrong one."""
    if not await citizen.ensure_signed_in():
        return
    codes = await _codes(citizen)
    if not codes or citizen.window is None:
        return
    run, me = citizen.run, citizen.me
    is_newest = citizen.picks(0.8)
    code = codes[0] if is_newest else f"{(int(codes[0]) + 1) % 1_000_000:06}"
    if not is_newest and citizen.picks(0.5):
        code = codes[-1]
    typed = me.mail.typed(me.address, run.tick()) if code in codes else None
    wanted = wire.MailConfirmation(me.address, code)
    called = await citizen.call(wire.CONFIRM_MAIL, wanted, window=citizen.window)
    match called.outcome:
        case AccountView(unconfirmed=left) if me.address not in left:
            if typed is None:
                if not me.mail.may_get_mail(me.address):
                    run.breach(WRONG_CODE, "refused", f"{code} confirmed {me.address}")
                return
            typed.ended, typed.is_certain = called.ended, True
            run.reached(CONFIRMED)
        case Problem(status=status) if status < 500:
            run.reached(OLD_CODE)


@step("citizen", "send-another-code", 1)
async def send_another_code(citizen: Citizen) -> None:
    if await citizen.ensure_signed_in() and citizen.window is not None:
        await citizen.call(wire.SEND_MAIL_CODE, wire.OneAddress(citizen.me.address), window=citizen.window)


async def _codes(citizen: Citizen) -> list[str]:
    """The codes in the own mailbox, newest first."""
    link = citizen.run.link(Party.ANYONE, System.MAILBOX)
    listed = await link.call(LIST_MAILS, ListMails(citizen.me.address))
    if not isinstance(listed, Mails):
        return []
    codes: list[str] = []
    for mail in [each for each in listed.mails if CODE_MAIL in each.subject][:3]:
        content = await link.call(READ_MAIL, OneMail(mail.mail_id))
        found = _CODE.search(content.text) if isinstance(content, MailContent) else None
        if found is not None:
            codes.append(found[1])
    return codes


class _Mail(NamedTuple):
    seq: int
    recipient: str
    subject: str


_MAILS = Query("SELECT seq, recipient, subject FROM mails WHERE seq > :after ORDER BY seq", _Mail)


@invariant("nothing but a code goes to an address that was not confirmed", "ACC-4", When.OFTEN)
async def only_confirmed_addresses(run: Exploration) -> Broken | None:
    mails = await run.world.stores[System.MAILBOX].read(_MAILS, {"after": run.own.get("mails seen", 0)})
    for mail in mails:
        run.own["mails seen"] = mail.seq
        if CODE_MAIL in mail.subject:
            continue
        owner = next((each for each in run.residents if each.address == mail.recipient), None)
        if owner is None or not owner.mail.may_get_mail(mail.recipient):
            return Broken("only codes", f"「{mail.subject}」 to {mail.recipient}")
    return None


# Closing


class _Root(NamedTuple):
    account_id: str
    root_serial: str


_ROOTS = Query("SELECT account_id, root_serial FROM accounts", _Root)


async def _account_of(run: Exploration, resident: Citizenship) -> str | None:
    """By the checker's own eyes: nobody outside the portal knows it."""
    for account, root in await run.world.stores[System.PORTAL].read(_ROOTS):
        holder = run.facts.serials.holder_of(int(root))
        if holder is not None and holder.n == resident.person.n:
            return account
    return None


@step("citizen", "close-account", 1)
async def close_account(citizen: Citizen) -> None:
    """アカウントを閉じる: the folder is gone with all that is in it, everybody is signed out; also in another tab."""
    if not await citizen.ensure_signed_in():
        return
    other = citizen.another_window()
    has_other = citizen.picks(0.4) and await other.sign_in()
    if has_other:
        await other.call(sign_in.VIEW_ACCOUNT, Nothing(), window=other.window)
    await close(citizen)
    if has_other and other.window is not None:
        citizen.run.reached(OTHER_TAB)
        await other.call(sign_in.VIEW_ACCOUNT, Nothing(), window=other.window)


@step("citizen", "close-in-two-windows", 0.5)
async def close_in_two_windows(citizen: Citizen) -> None:
    if not await citizen.ensure_signed_in():
        return
    other = citizen.another_window()
    if not await other.sign_in():
        return
    citizen.run.reached(CLOSED_TWICE)
    async with trio.open_nursery() as nursery:
        for window in (citizen, other):
            nursery.start_soon(close, window)


async def close(citizen: Citizen) -> None:
    run, me, window = citizen.run, citizen.me, citizen.window
    if window is None:
        return
    account = await _account_of(run, me)
    is_waiting = me.is_waiting
    act = me.owner.close(run.tick())
    called = await citizen.call(wire.CLOSE_ACCOUNT, Nothing(), window=window)
    match called.outcome:
        case Done():
            me.owner.closed(act, called.ended)
            run.reached(CLOSED)
            if is_waiting:
                run.reached(CLOSED_WAITING)
            if citizen.window is window:
                citizen.window = None
            if account is not None:
                run.own.setdefault("closed", []).append(account)
                await _look_for(run, account)
        case Problem(status=status) if status < 500:
            me.owner.stays_open(act)


async def _look_for(run: Exploration, account: str, *, also_work: bool = False) -> None:
    """Whether any row of the portal still names this account; a mail that was promised may still be on its way."""
    left = [
        line
        for line in run.world.stores[System.PORTAL].dump()
        if account in line and (also_work or '"outbox"' not in line)
    ]
    if left:
        run.breach(LEFT_OVER, "nothing", left[0][:200])


@invariant("of a closed account not even work is left", "ACC-5", When.END)
async def nothing_is_left(run: Exploration) -> Broken | None:
    for account in run.own.get("closed", []):
        await _look_for(run, account, also_work=True)
    return None
