"""A request for each operation, with which every role calls it, and what whoever may is told."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

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
from portal.wire.operation import AnyOperation, Message, Nothing
from portal.wire.sign_in import AccountSettings, SignIn
from portal.wire.systems import System

CONTENT_ID = "1" * 16 + "." + "a" * 24


class Things(NamedTuple):
    """What lies in somebody's folder."""

    records: str
    record: str
    information: str
    chosen: tuple[self_information.Selection, ...]
    notice: str
    inquiry: str
    mail: str
    today: date
    information_codes: tuple[str, ...]
    delegation: str = "x" * 24

    @property
    def everything(self) -> proxies.Scope:
        """What can be granted of it."""
        return proxies.Scope(tuple(proxies.Right), self.information_codes)

    def secrets(self) -> tuple[str, ...]:
        """What nobody else's answer may contain."""
        return (self.records, self.information, self.inquiry, self.mail)


Sample = Callable[[Things], Message]
ONE_RECORDS: Sample = lambda t: records.OneRequest(t.records)  # noqa: E731
ONE_INFORMATION: Sample = lambda t: records.OneRequest(t.information)  # noqa: E731
ONE_NOTICE: Sample = lambda t: notices.OneNotice(t.notice)  # noqa: E731
ONE_INQUIRY: Sample = lambda t: inquiries.OneInquiry(t.inquiry)  # noqa: E731
ONE_DELEGATION: Sample = lambda t: proxies.OneDelegation(t.delegation)  # noqa: E731
NOTHING: Sample = lambda _: Nothing()  # noqa: E731

SAMPLES: Mapping[AnyOperation, Sample] = {
    health(System.PORTAL): NOTHING,
    api_document(System.PORTAL): NOTHING,
    sign_in.ASK_CHALLENGE: NOTHING,
    sign_in.SIGN_IN: lambda _: SignIn("x", b"x", b"x"),
    sign_in.VIEW_ACCOUNT: NOTHING,
    sign_in.CHANGE_ACCOUNT: lambda t: AccountSettings("なまえ", (t.mail,)),
    account.SEND_MAIL_CODE: lambda t: account.OneAddress(t.mail),
    account.CONFIRM_MAIL: lambda t: account.MailConfirmation(t.mail, "000000"),
    folder.LIST_FOLDER: NOTHING,
    inbox.LIST_INBOX: lambda _: inbox.ListInbox(),
    records.REQUEST_RECORDS: lambda t: records.RecordsRequest(t.today - timedelta(days=9), t.today),
    records.LIST_RECORDS_REQUESTS: NOTHING,
    records.VIEW_RECORDS_REQUEST: ONE_RECORDS,
    records.READ_RECORDS: ONE_RECORDS,
    records.RECORDS_CSV: ONE_RECORDS,
    records.RECORDS_PDF: ONE_RECORDS,
    self_information.REQUEST_INFORMATION_OF_RECORD: lambda t: self_information.InformationOfRecord(
        t.records, t.record
    ),
    self_information.VIEW_CATALOGUE: NOTHING,
    self_information.SEARCH: lambda _: self_information.Search(),
    self_information.REQUEST_SELF_INFORMATION: lambda t: self_information.SelfInformationRequest(t.chosen),
    self_information.LIST_SELF_INFORMATION_REQUESTS: NOTHING,
    self_information.VIEW_SELF_INFORMATION_REQUEST: ONE_INFORMATION,
    self_information.READ_SELF_INFORMATION: ONE_INFORMATION,
    self_information.SELF_INFORMATION_CSV: ONE_INFORMATION,
    self_information.SELF_INFORMATION_PDF: ONE_INFORMATION,
    notices.LIST_NOTICES: lambda _: notices.ListNotices(),
    notices.OPEN_NOTICE: ONE_NOTICE,
    notices.NOTICE_CSV: ONE_NOTICE,
    notices.NOTICE_PDF: ONE_NOTICE,
    notices.FETCH_ATTACHMENT: lambda t: notices.OneAttachment(t.notice, "0"),
    notices.ANSWER_NOTICE: lambda t: notices.GiveAnswers(
        t.notice, (("土曜日",), (), (), (t.today.isoformat(),))
    ),
    history.SEARCH_HISTORY: lambda _: history.HistoryQuery(),
    history.HISTORY_CSV: lambda _: history.HistoryQuery(),
    inquiries.SEARCH_FAQ: lambda _: inquiries.SearchFaq(),
    inquiries.SEND_INQUIRY: lambda _: inquiries.SendInquiry(inquiries.InquiryKind.SIGN_IN, "質問"),
    inquiries.LIST_INQUIRIES: NOTHING,
    inquiries.READ_INQUIRY: ONE_INQUIRY,
    inquiries.LIST_FOR_DESK: lambda _: inquiries.ListForDesk(),
    inquiries.ANSWER_INQUIRY: lambda t: inquiries.AnswerInquiry(t.inquiry, "回答"),
    proxies.PREPARE_PROXY: lambda t: proxies.Terms(t.everything, t.today, t.today),
    proxies.REGISTER_PROXY: lambda t: proxies.Registration(
        t.everything, t.today, t.today, True, "x", b"x", b"x"
    ),
    proxies.LIST_PROXIES: NOTHING,
    proxies.CHANGE_PROXY: lambda t: proxies.ChangeDelegation(
        t.delegation, t.everything, t.today + timedelta(days=5)
    ),
    proxies.WITHDRAW_PROXY: ONE_DELEGATION,
    proxies.VIEW_ACTING: NOTHING,
    proxies.ACT_AS_PROXY: ONE_DELEGATION,
    deliveries.DELIVER_RECORDS: lambda t: deliveries.DeliveredRecords(t.records, ()),
    deliveries.DELIVER_SELF_INFORMATION: lambda t: deliveries.DeliveredSelfInformation(t.information, None),
    notice_relaying.RECEIVE_CONTENT: lambda t: notice_relaying.ReceiveContent(
        CONTENT_ID,
        notices.Named("1", "市"),
        notices.Named("2", "事務"),
        notices.NoticeContent("題", "文", t.today + timedelta(days=30)),
    ),
    notice_relaying.RECEIVE_NOTICES: lambda _: notice_relaying.ReceiveNotices(
        CONTENT_ID, 0, 1, 0, (notice_relaying.Entry("0" * 32),)
    ),
    notice_relaying.HAVE_FOLDERS: lambda _: notice_relaying.HaveFolders(("0" * 32,)),
    notice_relaying.READ_MARKS: lambda _: notice_relaying.ReadMarks(CONTENT_ID),
    notice_relaying.READ_ANSWERS: lambda _: notice_relaying.ReadMarks(CONTENT_ID),
    notice_relaying.WITHDRAW_NOTICES: lambda _: notice_relaying.OneContent(CONTENT_ID),
    # What ends something comes last.
    notices.DELETE_NOTICE: ONE_NOTICE,
    inquiries.DELETE_INQUIRY: ONE_INQUIRY,
    folder.DELETE_ITEM: lambda t: folder.OneItem(t.information),
    proxies.END_PROXY: ONE_DELEGATION,
    proxies.STOP_ACTING: NOTHING,
    sign_in.OPEN_ACCOUNT: lambda t: AccountSettings("なまえ", (t.mail,)),
    sign_in.SIGN_OUT: NOTHING,
    account.CLOSE_ACCOUNT: NOTHING,
}

EXPECTED: Mapping[AnyOperation, tuple[int, ...]] = {
    sign_in.SIGN_IN: (403,),
    sign_in.OPEN_ACCOUNT: (201, 409),
    account.SEND_MAIL_CODE: (429,),
    account.CONFIRM_MAIL: (422,),
    proxies.REGISTER_PROXY: (403,),
    # Of those who are answered only some have a proxy, or are one.
    proxies.CHANGE_PROXY: (200, 404),
    proxies.END_PROXY: (200, 404),
    proxies.WITHDRAW_PROXY: (404,),
    proxies.ACT_AS_PROXY: (200, 404),
}
"""What whoever may call it is told, where this sample is refused for another reason than who calls."""
