"""アカウント設定 (ACC-3, 4, 5)."""

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.accounts import forms
from portal.accounts.service import Accounts
from portal.sessions.guard import NOT_SIGNED_IN
from portal.web.reception import Reception, User


def add_pages(reception: Reception, accounts: Accounts) -> None:
    def show(user: User, filled: forms.Filled, message: str | None, status: int = 200) -> Response:
        context = {"nav": "settings", "message": message, **forms.context(filled.values, filled.errors)}
        return reception.show("accounts/settings.html", user, context, status=status)

    async def settings(user: User) -> Response:
        message = "設定を保存しました" if request.args.get("done") == "saved" else None
        return show(user, forms.Filled(forms.values_of(user.account.settings), None, {}), message)

    async def change(user: User) -> Response:
        filled = forms.read(await request.form)
        if filled.settings is None:
            return show(user, filled, None, 422)
        if await accounts.change(user.account, filled.settings) is None:
            return reception.tell(NOT_SIGNED_IN, None)
        return reception.go("settings", {"done": "saved"})

    reception.users("settings", get=settings, post=change)
