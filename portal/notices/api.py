"""The operations of お知らせ."""

from portal.files.service import FileKind
from portal.notices.answering import Answering
from portal.notices.answers import Answers
from portal.notices.receiving import Receiving
from portal.notices.retention import Retention
from portal.notices.service import NoticeBox
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.sessions.guard import AccountGuard, SignedIn
from portal.wire import notice_relaying as relaying
from portal.wire import notices
from portal.wire.disclosure import Attachment
from portal.wire.operation import Done
from portal.wire.problems import Problem
from portal.wire.systems import Caller


def add_operations(dispatcher: Dispatcher, box: NoticeBox, answering: Answering, users: AccountGuard) -> None:
    """For the folder's owner."""

    async def listed(wanted: notices.ListNotices, user: SignedIn) -> notices.Notices:
        return await box.listed(user.account, wanted)

    async def opened(one: notices.OneNotice, user: SignedIn) -> notices.OpenedNotice | Problem:
        return await box.open(user.account, one.notice_id)

    async def csv(one: notices.OneNotice, user: SignedIn) -> bytes | Problem:
        made = await box.file(user.account, one.notice_id, FileKind.CSV)
        return made if isinstance(made, Problem) else made.content

    async def pdf(one: notices.OneNotice, user: SignedIn) -> bytes | Problem:
        made = await box.file(user.account, one.notice_id, FileKind.PDF)
        return made if isinstance(made, Problem) else made.content

    async def attachment(one: notices.OneAttachment, user: SignedIn) -> Attachment | Problem:
        return await box.attachment(user.account, one.notice_id, int(one.place))

    async def delete(one: notices.OneNotice, user: SignedIn) -> Done | Problem:
        return await box.delete(user.account, one.notice_id)

    async def answer(given: notices.GiveAnswers, user: SignedIn) -> notices.NoticeView | Problem:
        return await answering.answer(user.account, given)

    dispatcher.add(notices.LIST_NOTICES, users, listed)
    dispatcher.add(notices.OPEN_NOTICE, users, opened)
    dispatcher.add(notices.NOTICE_CSV, users, csv)
    dispatcher.add(notices.NOTICE_PDF, users, pdf)
    dispatcher.add(notices.FETCH_ATTACHMENT, users, attachment)
    dispatcher.add(notices.DELETE_NOTICE, users, delete)
    dispatcher.add(notices.ANSWER_NOTICE, users, answer)


def add_network_operations(
    dispatcher: Dispatcher, receiving: Receiving, retention: Retention, answers: Answers, peers: Peers
) -> None:
    """For the network."""

    async def receive_content(request: relaying.ReceiveContent, _: Caller) -> Done | Problem:
        return await receiving.receive_content(request)

    async def receive(request: relaying.ReceiveNotices, _: Caller) -> relaying.NoticesReceived | Problem:
        return await receiving.receive(request)

    async def withdraw(request: relaying.OneContent, _: Caller) -> Done | Problem:
        return await retention.withdraw(request.content_id)

    async def have_folders(request: relaying.HaveFolders, _: Caller) -> relaying.Folders | Problem:
        return await receiving.have_folders(request.codes)

    async def read_marks(request: relaying.ReadMarks, _: Caller) -> relaying.Marks | Problem:
        return await answers.marks(request)

    async def read_answers(request: relaying.ReadMarks, _: Caller) -> relaying.Collected | Problem:
        return await answers.collected(request)

    dispatcher.add(relaying.RECEIVE_CONTENT, peers, receive_content)
    dispatcher.add(relaying.RECEIVE_NOTICES, peers, receive)
    dispatcher.add(relaying.WITHDRAW_NOTICES, peers, withdraw)
    dispatcher.add(relaying.HAVE_FOLDERS, peers, have_folders)
    dispatcher.add(relaying.READ_MARKS, peers, read_marks)
    dispatcher.add(relaying.READ_ANSWERS, peers, read_answers)
