"""What a proxy may do: one table, operation → what it needs. What is not here no proxy may (FLD-1, PRX-3).

Not here on purpose: deleting, answering questionnaires, the account, the history, inquiries, delegations. A proxy looks,
asks and takes home; what cannot be taken back, or speaks in the owner's name, the owner does.
"""

from typing import NamedTuple

from portal.history.model import LIST_DETAIL
from portal.wire import notices, records, self_information
from portal.wire.history import Action, Service
from portal.wire.operation import AnyOperation
from portal.wire.proxies import Right


class Permitted(NamedTuple):
    """What an operation needs of a proxy."""

    needs: frozenset[Right]
    """All of them."""
    line: tuple[Service, Action] | None = None
    """What the guard writes into the owner's history; None where the operation itself does (PRX-7)."""
    detail: str = LIST_DETAIL
    """What that line says was looked at: what there is, or how far a request has come."""


_RECORDS = frozenset([Right.RECORDS])
_INFORMATION = frozenset([Right.SELF_INFORMATION])
_NOTICES = frozenset([Right.NOTICES])
_PROGRESS = "請求の状況"

PERMITTED: dict[AnyOperation, Permitted] = {
    records.REQUEST_RECORDS: Permitted(_RECORDS),
    records.LIST_RECORDS_REQUESTS: Permitted(_RECORDS, (Service.RECORDS, Action.VIEW)),
    records.VIEW_RECORDS_REQUEST: Permitted(_RECORDS, (Service.RECORDS, Action.VIEW), _PROGRESS),
    records.READ_RECORDS: Permitted(_RECORDS),
    records.RECORDS_CSV: Permitted(_RECORDS),
    records.RECORDS_PDF: Permitted(_RECORDS),
    self_information.VIEW_CATALOGUE: Permitted(
        _INFORMATION, (Service.SELF_INFORMATION, Action.VIEW), "請求できる情報の一覧"
    ),
    self_information.SEARCH: Permitted(
        _INFORMATION, (Service.SELF_INFORMATION, Action.VIEW), "請求できる情報の一覧"
    ),
    self_information.REQUEST_SELF_INFORMATION: Permitted(_INFORMATION),
    self_information.LIST_SELF_INFORMATION_REQUESTS: Permitted(
        _INFORMATION, (Service.SELF_INFORMATION, Action.VIEW)
    ),
    self_information.VIEW_SELF_INFORMATION_REQUEST: Permitted(
        _INFORMATION, (Service.SELF_INFORMATION, Action.VIEW), _PROGRESS
    ),
    self_information.READ_SELF_INFORMATION: Permitted(_INFORMATION),
    self_information.SELF_INFORMATION_CSV: Permitted(_INFORMATION),
    self_information.SELF_INFORMATION_PDF: Permitted(_INFORMATION),
    self_information.REQUEST_INFORMATION_OF_RECORD: Permitted(_RECORDS | _INFORMATION),
    notices.LIST_NOTICES: Permitted(_NOTICES, (Service.NOTICES, Action.VIEW)),
    notices.OPEN_NOTICE: Permitted(_NOTICES),
    notices.NOTICE_CSV: Permitted(_NOTICES),
    notices.NOTICE_PDF: Permitted(_NOTICES),
    notices.FETCH_ATTACHMENT: Permitted(_NOTICES),
}

_TOP: tuple[AnyOperation, ...] = ()

PERMITTED_PAGES: dict[tuple[str, str], tuple[AnyOperation, ...]] = {
    ("GET", "top"): _TOP,
    ("GET", "records"): (records.LIST_RECORDS_REQUESTS,),
    ("GET", "records.request"): (records.REQUEST_RECORDS,),
    ("POST", "records.request"): (records.REQUEST_RECORDS,),
    ("GET", "records.list"): (records.VIEW_RECORDS_REQUEST, records.READ_RECORDS),
    ("GET", "records.file"): (records.RECORDS_CSV, records.RECORDS_PDF),
    ("GET", "records.information"): (records.VIEW_RECORDS_REQUEST,),
    ("POST", "records.information"): (self_information.REQUEST_INFORMATION_OF_RECORD,),
    ("GET", "self_information"): (self_information.VIEW_CATALOGUE,),
    ("GET", "self_information.results"): (self_information.SEARCH,),
    ("POST", "self_information.results"): (self_information.REQUEST_SELF_INFORMATION,),
    ("GET", "self_information.requests"): (self_information.LIST_SELF_INFORMATION_REQUESTS,),
    ("GET", "self_information.request_done"): (self_information.VIEW_SELF_INFORMATION_REQUEST,),
    ("GET", "self_information.list"): (self_information.LIST_SELF_INFORMATION_REQUESTS,),
    ("GET", "self_information.item"): (
        self_information.VIEW_SELF_INFORMATION_REQUEST,
        self_information.READ_SELF_INFORMATION,
    ),
    ("GET", "self_information.file"): (
        self_information.SELF_INFORMATION_CSV,
        self_information.SELF_INFORMATION_PDF,
    ),
    ("GET", "self_information.attachment"): (self_information.READ_SELF_INFORMATION,),
    ("GET", "notices"): (notices.LIST_NOTICES,),
    ("GET", "notices.item"): (notices.OPEN_NOTICE,),
    ("GET", "notices.file"): (notices.NOTICE_CSV, notices.NOTICE_PDF),
    ("GET", "notices.attachment"): (notices.FETCH_ATTACHMENT,),
}
"""Which operations a page with the owner's folder does: it takes what they take together. What is not here no proxy sees."""
