"""The operations of the account."""

from portal.accounts.model import OpenedAccount, check_settings
from portal.accounts.service import Accounts
from portal.folder.service import Folder
from portal.serving.dispatcher import Dispatcher
from portal.sessions.guard import NOT_SIGNED_IN, AccountGuard, SessionGuard, SignedIn
from portal.sessions.model import Session
from portal.sessions.service import Sessions
from portal.wire import account as wire
from portal.wire import sign_in
from portal.wire.moments import to_jst
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem


def add_operations(
    dispatcher: Dispatcher,
    accounts: Accounts,
    sessions: Sessions,
    folder: Folder,
    signed_in: SessionGuard,
    users: AccountGuard,
) -> None:
    async def shown(account: OpenedAccount) -> sign_in.AccountView:
        unread = await folder.unread(account)
        settings = account.settings
        return sign_in.AccountView(
            settings.nickname,
            settings.mail_addresses,
            settings.mail_events,
            to_jst(account.account.opened_ms),
            unread.records,
            unread.self_information,
            account.unconfirmed,
        )

    async def open_account(
        settings: sign_in.AccountSettings, session: Session
    ) -> sign_in.AccountView | Problem:
        account = await sessions.open_account(session, settings)
        return account if isinstance(account, Problem) else await shown(account)

    async def view(_: Nothing, user: SignedIn) -> sign_in.AccountView:
        return await shown(user.account)

    async def change(settings: sign_in.AccountSettings, user: SignedIn) -> sign_in.AccountView | Problem:
        wrong = check_settings(settings)
        if wrong is not None:
            return wrong
        return await outcome_of(await accounts.change(user.account, settings))

    async def outcome_of(altered: OpenedAccount | Problem | None) -> sign_in.AccountView | Problem:
        if isinstance(altered, Problem):
            return altered
        return NOT_SIGNED_IN if altered is None else await shown(altered)

    async def confirm(asked: wire.MailConfirmation, user: SignedIn) -> sign_in.AccountView | Problem:
        return await outcome_of(await accounts.confirm_mail(user.account, asked.address, asked.code))

    async def send_code(asked: wire.OneAddress, user: SignedIn) -> Done | Problem:
        sent = await accounts.send_code(user.account, asked.address)
        if isinstance(sent, Problem):
            return sent
        return NOT_SIGNED_IN if sent is None else Done()

    async def close(_: Nothing, user: SignedIn) -> Done:
        await sessions.close_account(user.account)
        return Done()

    dispatcher.add(sign_in.OPEN_ACCOUNT, signed_in, open_account)
    dispatcher.add(sign_in.VIEW_ACCOUNT, users, view)
    dispatcher.add(sign_in.CHANGE_ACCOUNT, users, change)
    dispatcher.add(wire.CONFIRM_MAIL, users, confirm)
    dispatcher.add(wire.SEND_MAIL_CODE, users, send_code)
    dispatcher.add(wire.CLOSE_ACCOUNT, users, close)
