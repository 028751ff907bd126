"""お問い合わせ: the FAQ first, then a question to the operator, looked at again and deleted (FAQ-1, FAQ-2, FLD-5)."""

from load.journeys import Journey, Visit
from load.parts import CHOOSE_SECONDS, LOOK_SECONDS, enter, leave
from load.steps import Steps, ask
from portal.wire import inbox, inquiries
from portal.wire.inquiries import InquiryKind

WRITING_SECONDS = 40.0
"""To type a few sentences; assumed."""


def question(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    yield from visit.think(6, LOOK_SECONDS)
    yield from ask(inquiries.SEARCH_FAQ, inquiries.SearchFaq("メール"))
    yield from visit.think(7, WRITING_SECONDS)
    wanted = inquiries.SendInquiry(
        InquiryKind.ACCOUNT, "メールが届きません。どうすればよいですか。", f"{visit.key:016x}"
    )
    sent = yield from ask(inquiries.SEND_INQUIRY, wanted, session)
    yield from ask(inbox.LIST_INBOX, inbox.ListInbox(), session)
    if sent is not None:
        yield from visit.think(8, CHOOSE_SECONDS)
        one = inquiries.OneInquiry(sent.inquiry_id)
        yield from ask(inquiries.READ_INQUIRY, one, session)
        # A folder takes so many and no more: whoever comes again and again clears up.
        yield from ask(inquiries.DELETE_INQUIRY, one, session)
    yield from leave(visit, session)


JOURNEY = Journey("question", "お問い合わせをする", question)
