"""The operations of よくある質問 and お問い合わせ."""

from portal.inquiries import faq
from portal.inquiries.service import InquiryBox
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Open, Peers, Stranger
from portal.sessions.guard import AccountGuard, SignedIn
from portal.wire import inquiries
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem
from portal.wire.systems import Caller


def add_operations(dispatcher: Dispatcher, box: InquiryBox, users: AccountGuard, peers: Peers) -> None:
    async def search(wanted: inquiries.SearchFaq, _: Stranger) -> inquiries.FaqEntries:
        return inquiries.FaqEntries(faq.search(wanted))

    async def send(wanted: inquiries.SendInquiry, user: SignedIn) -> inquiries.InquiryView | Problem:
        return await box.send(user.account, wanted)

    async def listed(_: Nothing, user: SignedIn) -> inquiries.Inquiries:
        return await box.listed(user.account)

    async def read(one: inquiries.OneInquiry, user: SignedIn) -> inquiries.InquiryContent | Problem:
        return await box.read(user.account, one.inquiry_id)

    async def delete(one: inquiries.OneInquiry, user: SignedIn) -> Done | Problem:
        return await box.delete(user.account, one.inquiry_id) or Done()

    async def for_desk(wanted: inquiries.ListForDesk, _: Caller) -> inquiries.DeskInquiries:
        return await box.for_desk(answered=wanted.answered)

    async def answer(given: inquiries.AnswerInquiry, _: Caller) -> Done | Problem:
        return await box.answer(given.inquiry_id, given.text) or Done()

    dispatcher.add(inquiries.SEARCH_FAQ, Open(), search)
    dispatcher.add(inquiries.SEND_INQUIRY, users, send)
    dispatcher.add(inquiries.LIST_INQUIRIES, users, listed)
    dispatcher.add(inquiries.READ_INQUIRY, users, read)
    dispatcher.add(inquiries.DELETE_INQUIRY, users, delete)
    dispatcher.add(inquiries.LIST_FOR_DESK, peers, for_desk)
    dispatcher.add(inquiries.ANSWER_INQUIRY, peers, answer)
