"""メールアドレスを登録する: an address is typed in, its code comes by mail and is typed in too (ACC-4, ACC-5)."""

import re

from load.journeys import Journey, Visit
from load.parts import LATE_ANSWER_SECONDS_MAX, LOOK_AGAIN_SECONDS, NICKNAME_SECONDS, enter, leave
from load.steps import Measured, Steps, Wait, ask, now
from portal.wire import account, mailbox, sign_in
from portal.wire.limits import MAIL_CODE_DIGITS, MAIL_CODES_A_DAY_MAX
from portal.wire.operation import Nothing
from portal.wire.sign_in import AccountSettings, MailEvent
from portal.wire.systems import System

_CODE = re.compile(rf"\b[0-9]{{{MAIL_CODE_DIGITS}}}\b", re.ASCII)


def register_mail(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    yield from ask(sign_in.VIEW_ACCOUNT, Nothing(), session)
    # Nobody registers more addresses a day than codes are sent.
    if visit.number < MAIL_CODES_A_DAY_MAX:
        yield from visit.think(6, NICKNAME_SECONDS)
        address = f"load-{visit.key:016x}@example.jp"
        wanted = AccountSettings(visit.nickname, (address,), (MailEvent.NOTICE,))
        if (yield from ask(sign_in.CHANGE_ACCOUNT, wanted, session)) is not None:
            code = yield from _code_for(address)
            if code is not None:
                yield from visit.think(7, NICKNAME_SECONDS)
                yield from ask(account.CONFIRM_MAIL, account.MailConfirmation(address, code), session)
    yield from leave(visit, session)


def _code_for(address: str) -> Steps[str | None]:
    """The code in the mail to this address; how long it took is recorded."""
    began = yield from now()
    while True:
        yield Wait(LOOK_AGAIN_SECONDS)
        found = yield from ask(mailbox.LIST_MAILS, mailbox.ListMails(address))
        took = (yield from now()) - began
        if found is not None and found.mails:
            yield Measured("account.code_mail", took)
            mail = yield from ask(mailbox.READ_MAIL, mailbox.OneMail(found.mails[0].mail_id))
            code = None if mail is None else _CODE.search(mail.text)
            return None if code is None else code[0]
        if found is None or took > LATE_ANSWER_SECONDS_MAX:
            yield Measured("account.code_mail", took, "no mail came" if found is not None else "list failed")
            return None


JOURNEY = Journey(
    "account", "メールアドレスを登録する", register_mail, frozenset({System.PORTAL, System.MAILBOX})
)
