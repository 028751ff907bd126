"""The mailbox as a system: its operations and its pages. Mails come by :mod:`sim.mailbox.smtp` or in process."""

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Open, Stranger
from portal.serving.system import BuiltSystem, Surroundings, no_workers
from portal.wire.mailbox import LIST_MAILS, READ_MAIL, ListMails, MailContent, Mails, OneMail
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.mailbox import tables
from sim.mailbox.mailbox import Mailbox
from sim.mailbox.pages import pages

SCHEMAS = tables.SCHEMAS


def build(surroundings: Surroundings, mailbox: Mailbox) -> BuiltSystem:
    """What shows this mailbox."""
    dispatcher = Dispatcher(System.MAILBOX)

    async def list_mails(request: ListMails, _: Stranger) -> Mails:
        return Mails(tuple(await mailbox.mails(request.to)))

    async def read_mail(request: OneMail, _: Stranger) -> MailContent | Problem:
        found = await mailbox.read(request.mail_id)
        if found is None:
            return problem(ProblemCode.NOT_FOUND, "このメールはありません。古いメールから順に消えます。")
        return found

    dispatcher.add(LIST_MAILS, Open(), list_mails)
    dispatcher.add(READ_MAIL, Open(), read_mail)
    serve_about(dispatcher, surroundings.clock)
    return BuiltSystem(dispatcher, no_workers, pages(dispatcher, mailbox))
