"""権限: who may do what, and with whose things. One table for operations, one for pages; what is not in them is not served.

A row says which roles are answered and whose things an answer may touch. :func:`hold_operations` and :func:`page_row` hold
the portal to it when it is put together: an operation without a row, a row that nothing serves, or a guard that lets in
somebody else keeps it from starting. A test walks every row with every role over HTTP.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple, Protocol, cast, runtime_checkable

from portal.refusal import Refusal
from portal.serving.dispatcher import Route
from portal.wire import (
    account,
    deliveries,
    folder,
    history,
    inbox,
    inquiries,
    notice_relaying,
    notices,
    proxies,
    records,
    self_information,
    sign_in,
)
from portal.wire.about import api_document, health
from portal.wire.operation import AnyOperation
from portal.wire.systems import Caller, Party, System


class Role(StrEnum):
    """役割: what somebody has proved to be."""

    NOBODY = "nobody"
    """Nothing was proved."""
    NEWCOMER = "newcomer"
    """Somebody whose card was checked, and who has no account yet (ACC-2)."""
    CITIZEN = "citizen"
    """利用者: a session of an account."""
    AT_SHARED_TERMINAL = "at_shared_terminal"
    """The same in a session that was opened at a terminal where strangers come next (ACC-7)."""
    PROXY = "proxy"
    """代理人: a session that acts for another account. Of that account it is answered what was granted (PRX-3), by the
    table in `portal.proxies.permitted`; a row with this role and that table must say the same."""
    STAFF = "staff"
    """職員 at the desk, with ID and password."""
    OPERATOR = "operator"
    """運用者: the operator's key."""
    NETWORK = "network"
    """情報提供ネットワーク."""
    INTERMEDIATE = "intermediate"
    """中間サーバー."""
    OTHER_SYSTEM = "other_system"
    """Any other system with a key of its own."""


class Whose(StrEnum):
    """Whose things an operation touches."""

    NOBODYS = "nobodys"
    """Of no account."""
    OWN = "own"
    """Of the session's own account, or of the one that it acts for; anybody else's are as if they were not there (404)."""
    SESSIONS = "sessions"
    """Of the session's own account, also while it acts for another."""
    NAMED = "named"
    """Of the account that a system's message names by request or code."""
    ANYONES = "anyones"
    """Of all accounts, without telling whose (FLD-2)."""


class Row(NamedTuple):
    """権限表の一行."""

    roles: frozenset[Role]
    whose: Whose


EVERYBODY = frozenset(Role)
SIGNED_IN = frozenset([Role.NEWCOMER, Role.CITIZEN, Role.AT_SHARED_TERMINAL, Role.PROXY])
WITH_ACCOUNT = SIGNED_IN - {Role.NEWCOMER}
OWNERS = WITH_ACCOUNT - {Role.PROXY}

_PUBLIC = Row(EVERYBODY, Whose.NOBODYS)
_SESSION = Row(SIGNED_IN, Whose.SESSIONS)
_ACTING = Row(WITH_ACCOUNT, Whose.SESSIONS)
_OWN = Row(OWNERS, Whose.OWN)
_GRANTED = Row(WITH_ACCOUNT, Whose.OWN)
_TAKEN_HOME = Row(OWNERS - {Role.AT_SHARED_TERMINAL}, Whose.OWN)
"""Leaves a file behind, which at a shared terminal the next person would find."""
_TAKEN_HOME_GRANTED = Row(WITH_ACCOUNT - {Role.AT_SHARED_TERMINAL}, Whose.OWN)
_FROM_NETWORK = Row(frozenset([Role.NETWORK]), Whose.NAMED)
_FROM_EITHER = Row(frozenset([Role.NETWORK, Role.INTERMEDIATE]), Whose.NAMED)
_BY_OPERATOR = Row(frozenset([Role.OPERATOR]), Whose.ANYONES)
_BY_STAFF = Row(frozenset([Role.STAFF]), Whose.ANYONES)

OPERATIONS: Mapping[AnyOperation, Row] = {
    health(System.PORTAL): _PUBLIC,
    api_document(System.PORTAL): _PUBLIC,
    sign_in.ASK_CHALLENGE: _PUBLIC,
    sign_in.SIGN_IN: _PUBLIC,
    sign_in.SIGN_OUT: _SESSION,
    sign_in.OPEN_ACCOUNT: _SESSION,
    sign_in.VIEW_ACCOUNT: _OWN,
    sign_in.CHANGE_ACCOUNT: _OWN,
    account.SEND_MAIL_CODE: _OWN,
    account.CONFIRM_MAIL: _OWN,
    account.CLOSE_ACCOUNT: _OWN,
    folder.LIST_FOLDER: _OWN,
    folder.DELETE_ITEM: _OWN,
    inbox.LIST_INBOX: _OWN,
    records.REQUEST_RECORDS: _GRANTED,
    records.LIST_RECORDS_REQUESTS: _GRANTED,
    records.VIEW_RECORDS_REQUEST: _GRANTED,
    records.READ_RECORDS: _GRANTED,
    records.RECORDS_CSV: _TAKEN_HOME_GRANTED,
    records.RECORDS_PDF: _TAKEN_HOME_GRANTED,
    self_information.VIEW_CATALOGUE: _GRANTED,
    self_information.SEARCH: _GRANTED,
    self_information.REQUEST_SELF_INFORMATION: _GRANTED,
    self_information.REQUEST_INFORMATION_OF_RECORD: _GRANTED,
    self_information.LIST_SELF_INFORMATION_REQUESTS: _GRANTED,
    self_information.VIEW_SELF_INFORMATION_REQUEST: _GRANTED,
    self_information.READ_SELF_INFORMATION: _GRANTED,
    self_information.SELF_INFORMATION_CSV: _TAKEN_HOME_GRANTED,
    self_information.SELF_INFORMATION_PDF: _TAKEN_HOME_GRANTED,
    notices.LIST_NOTICES: _GRANTED,
    notices.OPEN_NOTICE: _GRANTED,
    notices.NOTICE_CSV: _TAKEN_HOME_GRANTED,
    notices.NOTICE_PDF: _TAKEN_HOME_GRANTED,
    notices.FETCH_ATTACHMENT: _TAKEN_HOME_GRANTED,
    notices.ANSWER_NOTICE: _OWN,
    notices.DELETE_NOTICE: _OWN,
    history.SEARCH_HISTORY: _OWN,
    history.HISTORY_CSV: _TAKEN_HOME,
    inquiries.SEARCH_FAQ: _PUBLIC,
    inquiries.SEND_INQUIRY: _OWN,
    inquiries.LIST_INQUIRIES: _OWN,
    inquiries.READ_INQUIRY: _OWN,
    inquiries.DELETE_INQUIRY: _OWN,
    inquiries.LIST_FOR_DESK: _BY_OPERATOR,
    inquiries.ANSWER_INQUIRY: _BY_OPERATOR,
    proxies.PREPARE_PROXY: _OWN,
    proxies.REGISTER_PROXY: _OWN,
    proxies.LIST_PROXIES: _OWN,
    proxies.CHANGE_PROXY: _OWN,
    proxies.END_PROXY: _OWN,
    proxies.WITHDRAW_PROXY: _OWN,
    proxies.ACT_AS_PROXY: _ACTING,
    proxies.VIEW_ACTING: _ACTING,
    proxies.STOP_ACTING: _ACTING,
    deliveries.DELIVER_RECORDS: _FROM_NETWORK,
    deliveries.DELIVER_SELF_INFORMATION: _FROM_EITHER,
    notice_relaying.RECEIVE_CONTENT: _FROM_NETWORK,
    notice_relaying.RECEIVE_NOTICES: _FROM_NETWORK,
    notice_relaying.WITHDRAW_NOTICES: _FROM_NETWORK,
    notice_relaying.HAVE_FOLDERS: _FROM_NETWORK,
    notice_relaying.READ_MARKS: _FROM_NETWORK,
    notice_relaying.READ_ANSWERS: _FROM_NETWORK,
}

PAGES: Mapping[tuple[str, str], Row] = {
    ("GET", "top"): _GRANTED,
    ("GET", "events"): _OWN,
    ("GET", "sign_in"): _PUBLIC,
    ("POST", "sign_in"): _PUBLIC,
    ("GET", "sign_in.complete"): _PUBLIC,
    ("POST", "sign_in.complete"): _PUBLIC,
    ("GET", "first_time"): _SESSION,
    ("POST", "first_time"): _SESSION,
    ("POST", "sign_out"): _SESSION,
    ("GET", "signed_out"): _PUBLIC,
    ("GET", "records"): _GRANTED,
    ("GET", "records.request"): _GRANTED,
    ("POST", "records.request"): _GRANTED,
    ("GET", "records.list"): _GRANTED,
    ("GET", "records.file"): _TAKEN_HOME_GRANTED,
    ("GET", "records.information"): _GRANTED,
    ("POST", "records.information"): _GRANTED,
    ("GET", "self_information"): _GRANTED,
    ("GET", "self_information.results"): _GRANTED,
    ("POST", "self_information.results"): _GRANTED,
    ("GET", "self_information.requests"): _GRANTED,
    ("GET", "self_information.request_done"): _GRANTED,
    ("GET", "self_information.list"): _GRANTED,
    ("GET", "self_information.item"): _GRANTED,
    ("GET", "self_information.file"): _TAKEN_HOME_GRANTED,
    ("GET", "self_information.attachment"): _TAKEN_HOME_GRANTED,
    ("GET", "notices"): _GRANTED,
    ("GET", "notices.item"): _GRANTED,
    ("GET", "notices.answer"): _OWN,
    ("POST", "notices.answer"): _OWN,
    ("GET", "notices.file"): _TAKEN_HOME_GRANTED,
    ("GET", "notices.attachment"): _TAKEN_HOME_GRANTED,
    ("GET", "notices.delete"): _OWN,
    ("POST", "notices.delete"): _OWN,
    ("GET", "folder"): _OWN,
    ("GET", "folder.delete"): _OWN,
    ("POST", "folder.delete"): _OWN,
    ("GET", "history"): _OWN,
    ("GET", "history.file"): _TAKEN_HOME,
    ("GET", "proxies"): _OWN,
    ("GET", "proxies.new"): _OWN,
    ("POST", "proxies.new"): _OWN,
    ("GET", "proxies.agree"): _OWN,
    ("POST", "proxies.agree"): _OWN,
    ("GET", "proxies.card"): _OWN,
    ("POST", "proxies.card"): _OWN,
    ("GET", "proxies.complete"): _PUBLIC,
    ("POST", "proxies.complete"): _PUBLIC,
    ("GET", "proxies.one"): _OWN,
    ("GET", "proxies.change"): _OWN,
    ("POST", "proxies.change"): _OWN,
    ("GET", "proxies.end"): _OWN,
    ("POST", "proxies.end"): _OWN,
    ("GET", "proxies.withdraw"): _OWN,
    ("POST", "proxies.withdraw"): _OWN,
    ("GET", "proxies.act"): _ACTING,
    ("POST", "proxies.act"): _ACTING,
    ("GET", "proxies.stop"): _ACTING,
    ("POST", "proxies.stop"): _ACTING,
    ("GET", "faq"): _PUBLIC,
    ("GET", "inquiries"): _OWN,
    ("GET", "inquiries.new"): _OWN,
    ("POST", "inquiries.new"): _OWN,
    ("GET", "inquiries.one"): _OWN,
    ("GET", "inquiries.delete"): _OWN,
    ("POST", "inquiries.delete"): _OWN,
    ("GET", "settings"): _OWN,
    ("POST", "settings"): _OWN,
    ("GET", "settings.confirm"): _OWN,
    ("POST", "settings.confirm"): _OWN,
    ("GET", "settings.code"): _OWN,
    ("POST", "settings.code"): _OWN,
    ("GET", "settings.close"): _OWN,
    ("POST", "settings.close"): _OWN,
    ("GET", "closed"): _PUBLIC,
    ("GET", "desk.sign_in"): _PUBLIC,
    ("POST", "desk.sign_in"): _PUBLIC,
    ("GET", "desk"): _BY_STAFF,
    ("GET", "desk.actions"): _BY_STAFF,
    ("GET", "desk.one"): _BY_STAFF,
    ("POST", "desk.one"): _BY_STAFF,
    ("POST", "desk.sign_out"): _BY_STAFF,
}
"""By method and name in `portal.web.addresses`. Style, scripts and pictures (``/static/``) are everybody's and not here."""

NOT_AT_SHARED_TERMINALS = frozenset(
    operation
    for operation, row in OPERATIONS.items()
    if Role.CITIZEN in row.roles and Role.AT_SHARED_TERMINAL not in row.roles
)
"""Operations that a session of a shared terminal may not call, though its account may (ACC-7)."""

_OF_CALLERS: Mapping[Caller, frozenset[Role]] = {
    Party.ANYONE: EVERYBODY,
    Party.CITIZEN: SIGNED_IN,
    Party.OPERATOR: frozenset([Role.OPERATOR]),
    System.NETWORK: frozenset([Role.NETWORK]),
    System.INTERMEDIATE: frozenset([Role.INTERMEDIATE]),
}


@runtime_checkable
class TellsCitizensApart(Protocol):
    """A guard of citizens' operations."""

    def lets_in(self, operation: AnyOperation) -> frozenset[Role]: ...


@cache
def _tells_citizens_apart(guard: type) -> bool:
    """Asked of a class once: of an object it takes a hundred times as long as all the rest."""
    return issubclass(guard, TellsCitizensApart)


class Ungoverned(Refusal):
    """Something that the portal would answer is not in the table as it is."""


def hold_operations(routes: Iterable[Route]) -> None:
    """Raises :class:`Ungoverned` unless exactly the table's operations are served, each by a guard that admits its row.

    A guard that tells citizens apart says by ``lets_in(operation)`` whom it lets in.
    """
    served = set()
    for route in routes:
        operation = route.operation
        row = OPERATIONS.get(operation)
        if row is None:
            raise Ungoverned(f"操作 {operation.name} が、権限の表（portal/authorisation.py）にありません。")
        let_in: frozenset[Role] = frozenset().union(
            *(_OF_CALLERS.get(caller, frozenset([Role.OTHER_SYSTEM])) for caller in operation.callers)
        )
        if _tells_citizens_apart(type(route.guard)):
            let_in &= cast(TellsCitizensApart, route.guard).lets_in(operation)
        if let_in != row.roles:
            raise Ungoverned(
                f"操作 {operation.name} は {_names(let_in)} に答えますが、権限の表では {_names(row.roles)} です。"
            )
        served.add(operation)
    for operation in OPERATIONS:
        if operation not in served:
            raise Ungoverned(f"権限の表にある操作 {operation.name} を、だれも受け付けていません。")


def page_row(method: str, name: str, let_in: frozenset[Role]) -> Row:
    """The row of a page that lets these in, or all of them but those at shared terminals. Raises :class:`Ungoverned`."""
    row = PAGES.get((method, name))
    if row is None:
        raise Ungoverned(f"画面 {method} {name} が、権限の表（portal/authorisation.py）にありません。")
    if row.roles not in (let_in, WITH_ACCOUNT & let_in - {Role.AT_SHARED_TERMINAL}):
        raise Ungoverned(
            f"画面 {method} {name} は {_names(let_in)} に答えますが、権限の表では {_names(row.roles)} です。"
        )
    return row


def hold_pages(served: Iterable[tuple[str, str]]) -> None:
    """Raises :class:`Ungoverned` when the table has a page that is not served."""
    for method, name in PAGES.keys() - set(served):
        raise Ungoverned(f"権限の表にある画面 {method} {name} が、ありません。")


def _names(roles: Iterable[Role]) -> str:
    return "、".join(sorted(roles)) or "だれにも"
