"""アカウント設定: the settings, confirming mail addresses, closing the account (ACC-3, 4, 5)."""

from collections.abc import Mapping
from typing import Any

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.accounts import forms
from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.seams.clock import Clock
from portal.sessions.guard import NOT_SIGNED_IN
from portal.sessions.service import Sessions
from portal.web.addresses import page
from portal.web.reception import Guest, Reception, User, Way, typed
from portal.wire.limits import MAIL_CODE_SECONDS
from portal.wire.moments import to_jst
from portal.wire.problems import Problem, ProblemCode

MESSAGES: Mapping[str, str] = {
    "saved": "設定を保存しました",
    "sent": "確認番号をメールで送りました",
    "confirmed": "メールアドレスを確認しました",
}
AT_THE_FIELD = frozenset([ProblemCode.CODE_REFUSED, ProblemCode.CODE_OVER, ProblemCode.TOO_MANY])
"""Problems that are said beside the field for the code."""


def add_pages(reception: Reception, accounts: Accounts, sessions: Sessions, clock: Clock) -> None:
    def waiting_of(account: OpenedAccount) -> list[dict[str, Any]]:
        now = clock.now_ms()
        return [
            {
                "address": each.address,
                "field": f"code{number}",
                "until": to_jst(each.sent_ms + MAIL_CODE_SECONDS * 1000),
                "over": each.over(now),
            }
            for number, each in enumerate(account.kept.waiting, 1)
        ]

    def show(
        user: User,
        filled: forms.Filled,
        message: str | None = None,
        status: int = 200,
        code_errors: Mapping[str, str] = {},
    ) -> Response:
        context = {
            "nav": "settings",
            "message": message,
            "waiting": waiting_of(user.account),
            **forms.context(filled.values, {**code_errors, **filled.errors}),
        }
        return reception.show("accounts/settings.html", user, context, status=status)

    def as_stored(account: OpenedAccount) -> forms.Filled:
        return forms.Filled(forms.values_of(account.settings), None, {})

    async def settings(user: User) -> Response:
        return show(user, as_stored(user.account), MESSAGES.get(request.args.get("done", "")))

    async def change(user: User) -> Response:
        filled = forms.read(await request.form)
        if filled.settings is None:
            return show(user, filled, None, 422)
        changed = await accounts.change(user.account, filled.settings)
        if isinstance(changed, Problem) and changed.code is ProblemCode.TOO_MANY:
            new = [name for name in forms.MAIL_FIELDS if is_new(user, str(filled.values[name]))]
            refused = forms.Filled(filled.values, None, dict.fromkeys(new, changed.detail))
            return show(user, refused, None, changed.status)
        return ended(changed, "saved")

    def is_new(user: User, address: str) -> bool:
        return bool(address) and address not in user.account.settings.mail_addresses

    def ended(outcome: OpenedAccount | Problem | None, done: str) -> Response:
        if isinstance(outcome, OpenedAccount):
            return reception.go("settings", {"done": done})
        # Closed in another window: nobody is signed in here any more.
        return reception.tell(NOT_SIGNED_IN if outcome is None else outcome, None)

    async def about_code(user: User, sending: bool) -> Response:
        form = await request.form
        address, field = typed(form, "address"), typed(form, "field")
        if sending:
            outcome = await accounts.send_code(user.account, address)
        else:
            outcome = await accounts.confirm_mail(user.account, address, form.get(field, ""))
        if not isinstance(outcome, Problem):
            return ended(outcome, "sent" if sending else "confirmed")
        account = await accounts.by_id(user.account.account_id)
        shown = None if account is None else next(
            (each["field"] for each in waiting_of(account) if each["address"] == address), None
        )  # fmt: skip
        if account is None or shown is None or outcome.code not in AT_THE_FIELD:
            return reception.tell(outcome, user, way=Way("アカウント設定に戻る", page("settings")))
        now = User(user.session, account, user.csrf)
        return show(now, as_stored(account), None, outcome.status, {shown: outcome.detail})

    async def send_code(user: User) -> Response:
        return await about_code(user, sending=True)

    async def confirm(user: User) -> Response:
        return await about_code(user, sending=False)

    async def back(_: User) -> Response:
        """Where a form went whose user had to sign in again."""
        return reception.go("settings")

    async def ask_to_close(user: User) -> Response:
        context = {
            "nav": "settings",
            "title": "アカウントを閉じますか",
            "happens": [
                "利用者フォルダーの中身は、まだ見ていないものも、待っている回答も、すべて消えます。",
                "ニックネーム、メールアドレス、知らせてほしいことの設定も消えます。",
                "ほかの画面でログインしているときは、そこもログアウトします。",
                "あとでまたログインすると、はじめての登録からになります。",
            ],
            "action": page("settings.close"),
            "fields": {},
            "label": "アカウントを閉じる",
            "back": {"label": "閉じずに戻る", "url": page("settings")},
        }
        return reception.show("confirm.html", user, context)

    async def close(user: User) -> Response:
        await sessions.close_account(user.account)
        return reception.go("closed", headers=[reception.cookies.no_session()])

    async def closed(guest: Guest) -> Response:
        return reception.go("top") if guest is not None else reception.show("accounts/closed.html", None, {})

    reception.users("settings", get=settings, post=change, many=("mail_events",))
    reception.users("settings.confirm", get=back, post=confirm)
    reception.users("settings.code", get=back, post=send_code)
    reception.users("settings.close", get=ask_to_close, post=close)
    reception.guests("closed", get=closed)
