"""Operations on an account that is there: confirming mail addresses, closing it (ACC-4, ACC-5)."""

from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.sign_in import AccountView, MailAddress
from portal.wire.systems import Party, System


class OneAddress(Message, frozen=True):
    """One of the account's addresses."""

    address: MailAddress


class MailConfirmation(Message, frozen=True):
    """確認番号 as it was typed in."""

    address: MailAddress
    code: Annotated[str, msgspec.Meta(max_length=20)]
    """Six digits; blanks, hyphens and full-width digits are read as people mean them."""


SEND_MAIL_CODE = Operation(
    "account.send_mail_code", System.PORTAL, Method.POST, "/api/account/mail-codes", OneAddress, Done,
    callers=[Party.CITIZEN], repeatable=False, status=202, requirements=["ACC-4"],
    summary="メールアドレスの確認番号をもう一度送る",
    problems=[P.ACCOUNT_NEEDED, P.NOT_FOUND, P.CONFLICT, P.TOO_MANY, P.STORAGE_REFUSED],
)  # fmt: skip

CONFIRM_MAIL = Operation(
    "account.confirm_mail", System.PORTAL, Method.POST, "/api/account/mail-confirmations", MailConfirmation,
    AccountView,
    callers=[Party.CITIZEN], repeatable=False, requirements=["ACC-4"],
    summary=f"メールで届いた{limits.MAIL_CODE_DIGITS}けたの番号で、アドレスを確かめる",
    problems=[P.ACCOUNT_NEEDED, P.NOT_FOUND, P.CONFLICT, P.CODE_REFUSED, P.CODE_OVER, P.STORAGE_REFUSED, P.TOO_MANY],
)  # fmt: skip

CLOSE_ACCOUNT = Operation(
    "account.close", System.PORTAL, Method.POST, "/api/account/closing", Nothing, Done,
    callers=[Party.CITIZEN], repeatable=False, requirements=["ACC-5"],
    summary="アカウントを閉じる（利用者フォルダーの中身はすべて消える）",
    problems=[P.ACCOUNT_NEEDED, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (SEND_MAIL_CODE, CONFIRM_MAIL, CLOSE_ACCOUNT)
