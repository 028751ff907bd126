"""マイナポータル, put together: from its surroundings and settings to a system that answers."""

from collections.abc import Sequence
from typing import NamedTuple

import structlog
import trio

from portal.accounts import api as accounts_api
from portal.accounts import tables as accounts_tables
from portal.accounts.service import MAIL_CODE, Accounts
from portal.authorisation import hold_operations
from portal.files.service import Files
from portal.folder import api as folder_api
from portal.folder import tables as folder_tables
from portal.folder.arrivals import Arrivals
from portal.folder.asking import Asking
from portal.folder.outcomes import Outcomes
from portal.folder.sealing import Sealer
from portal.folder.service import SWEEP_SECONDS, Folder
from portal.history import api as history_api
from portal.history import tables as history_tables
from portal.history.service import History
from portal.inbox import api as inbox_api
from portal.inbox.service import Inbox
from portal.inquiries import api as inquiries_api
from portal.inquiries import tables as inquiries_tables
from portal.inquiries.service import InquiryBox
from portal.mail.carriers import MailCarrier
from portal.mail.cautions import PARTING
from portal.mail.model import WORK as MAIL
from portal.mail.service import MailService
from portal.notices import api as notices_api
from portal.notices import tables as notices_tables
from portal.notices.answering import Answering
from portal.notices.answers import Answers
from portal.notices.contents import Contents
from portal.notices.receiving import Receiving
from portal.notices.retention import Retention
from portal.notices.service import NoticeBox
from portal.proxies import api as proxies_api
from portal.proxies import tables as proxies_tables
from portal.proxies.guard import FolderGuard
from portal.proxies.mailing import ProxyMails
from portal.proxies.service import Proxies
from portal.proxies.tables import WORK as PROXY_MAIL
from portal.rates import Rates
from portal.records import api as records_api
from portal.records.service import Records
from portal.seams.chance import identifier
from portal.seams.workshop import InPlace, Workshop
from portal.self_information import api as self_information_api
from portal.self_information.service import SelfInformations
from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.serving.uploads import KnownSignatures
from portal.sessions import api as sessions_api
from portal.sessions import tables as sessions_tables
from portal.sessions.certificates import TrustAnchors
from portal.sessions.challenges import Challenges
from portal.sessions.guard import AccountGuard, SessionGuard
from portal.sessions.revocation import Revocation
from portal.sessions.service import Sessions
from portal.settings import PortalSettings
from portal.staff import tables as staff_tables
from portal.staff.service import StaffDesk
from portal.store import outbox
from portal.store.store import StorageRefused, StoreOverloaded
from portal.wire.systems import System

log = structlog.get_logger(__name__)

SCHEMAS = (
    outbox.SCHEMA,
    accounts_tables.SCHEMA,
    sessions_tables.SCHEMA,
    folder_tables.SCHEMA,
    notices_tables.SCHEMA,
    history_tables.SCHEMA,
    inquiries_tables.SCHEMA,
    proxies_tables.SCHEMA,
    staff_tables.SCHEMA,
)


class PortalSecrets(NamedTuple):
    """What only this portal knows; made once and kept with its state."""

    master_key: bytes
    """32 bytes; wraps the data keys of all folders."""
    challenge_key: bytes
    """Seals challenges."""
    csrf_key: bytes = b""
    """Binds a page's form to its session. Without one, forms that are open while the portal restarts are refused."""

    operator_password: str = ""
    """The desk's first password; without one nobody works there."""

    def __repr__(self) -> str:
        return "PortalSecrets(...)"


class Browsers(NamedTuple):
    """How people with a browser come to the portal."""

    portal_origin: str
    """Where they find it (``http://127.0.0.1:8600``); empty: wherever they say that they found it."""
    reader_url: str
    """Where the card reader's page is."""


class Portal(NamedTuple):
    """The portal's services, for its pages; operations reach them through the dispatcher."""

    accounts: Accounts
    sessions: Sessions
    folder: Folder
    records: Records
    self_information: SelfInformations
    notices: NoticeBox
    answering: Answering
    history: History
    inquiries: InquiryBox
    proxies: Proxies
    inbox: Inbox
    desk: StaffDesk
    users: AccountGuard
    rates: Rates
    folders: FolderGuard


def build(
    surroundings: Surroundings,
    settings: PortalSettings,
    secrets: PortalSecrets,
    trust: Sequence[bytes],
    mail: MailCarrier,
    browsers: Browsers | None = None,
    workshop: Workshop = InPlace(),  # noqa: B008 - it has no state
) -> tuple[BuiltSystem, Portal]:
    """The portal; *trust* holds the certificates (DER) of the CAs whose user-authentication certificates count.

    Without *browsers* it has operations but no pages. *workshop* is where files are made: live in threads.
    """
    clock, chance, store, link, keys = surroundings
    jpki, network = link(System.JPKI), link(System.NETWORK)
    sealer = Sealer(secrets.master_key, chance)
    history = History(store, clock, sealer)
    accounts = Accounts(store, sealer, clock, chance, jpki, network, history)
    folder = Folder(store, clock, accounts, history)
    elsewhere_seconds = None if store.sole_writer else settings.immediate_wait_seconds
    outcomes = Outcomes(accounts, clock, wait_seconds=elsewhere_seconds)
    asking = Asking(
        folder,
        outcomes,
        store,
        clock,
        chance,
        accounts,
        history,
        asking_again_days_max=settings.asking_again_days_max,
    )
    arrivals = Arrivals(folder, outcomes, store, clock, accounts)
    files = Files(workshop)
    records = Records(folder, asking, arrivals, accounts, network, clock, files)
    self_information = SelfInformations(
        folder,
        asking,
        arrivals,
        accounts,
        network,
        clock,
        files,
        wait_seconds=settings.immediate_wait_seconds,
    )
    contents = Contents(store, sealer)
    answers = Answers(store, clock, accounts, contents)
    notices = NoticeBox(store, accounts, clock, history, files, contents, answers)
    answering = Answering(notices, answers, store, clock)
    receiving = Receiving(store, sealer, accounts, clock, KnownSignatures(), contents)
    retention = Retention(store, clock, contents)
    inquiries = InquiryBox(store, clock, chance, accounts, history)
    inbox = Inbox(folder, notices, inquiries, clock)
    desk = StaffDesk(store, clock, chance, workshop, secrets.operator_password)
    mails = MailService(accounts, mail, clock, settings.mail_sender)
    works = {
        **asking.works(),
        **accounts.works,
        **retention.works,
        MAIL: mails.work,
        MAIL_CODE: mails.work_code,
        PARTING: mails.work_parting,
    }
    holder = "" if store.sole_writer else identifier(chance)
    box = outbox.Outbox(store, clock, works, holder)
    asking.expect_work = arrivals.expect_work = box.expect
    receiving.expect_work = retention.expect_work = box.expect
    accounts.expect_work = inquiries.expect_work = box.expect
    anchors = TrustAnchors(trust, settings.policies)
    revocation = Revocation(jpki, clock, anchors, crl_instead_of_ocsp=settings.crl_instead_of_ocsp)
    challenges = Challenges(secrets.challenge_key, chance, settings.challenge_seconds)
    sessions = Sessions(
        store, clock, chance, accounts, anchors, revocation, challenges, box, history, settings
    )
    proxies = Proxies(store, clock, chance, accounts, sessions, history)
    proxies.expect_work = box.expect
    box.add_work(PROXY_MAIL, ProxyMails(proxies, folder, mails).work)
    rates = Rates(settings.rates, clock)
    signed_in, own, peers = SessionGuard(sessions), AccountGuard(sessions, accounts, rates), Peers(keys)
    users = FolderGuard(own, proxies, history, store)

    dispatcher = Dispatcher(System.PORTAL)
    dispatcher.limiter = rates
    sessions_api.add_operations(dispatcher, sessions, signed_in)
    accounts_api.add_operations(dispatcher, accounts, sessions, folder, signed_in, users)
    records_api.add_operations(dispatcher, records, users, peers)
    self_information_api.add_operations(dispatcher, self_information, records, users, peers)
    folder_api.add_operations(dispatcher, folder, users)
    notices_api.add_operations(dispatcher, notices, answering, users)
    notices_api.add_network_operations(dispatcher, receiving, retention, answers, peers)
    history_api.add_operations(dispatcher, history, users)
    inquiries_api.add_operations(dispatcher, inquiries, users, peers)
    proxies_api.add_operations(dispatcher, proxies, own, users)
    inbox_api.add_operations(dispatcher, inbox, users)
    serve_about(dispatcher, clock)
    hold_operations(dispatcher.routes)

    async def sweep() -> None:
        while True:
            began_ms = clock.now_ms()
            try:
                await sessions.expire()
                await folder.sweep()
                await retention.sweep()
                await history.sweep()
                await inquiries.sweep()
                await proxies.sweep()
                await desk.sweep()
            except (StorageRefused, StoreOverloaded) as refusal:
                log.error("sweep_refused", reason=str(refusal))
            # From its beginning: a clock that was moved meanwhile has made the next one due.
            await clock.sleep(SWEEP_SECONDS - (clock.now_ms() - began_ms) / 1000)

    async def run(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            await accounts.promise_missing_codes()
            await nursery.start(box.run)
            nursery.start_soon(sweep)
            if settings.crl_instead_of_ocsp:
                nursery.start_soon(revocation.run)
            task_status.started()

    portal = Portal(
        accounts,
        sessions,
        folder,
        records,
        self_information,
        notices,
        answering,
        history,
        inquiries,
        proxies,
        inbox,
        desk,
        own,
        rates,
        users,
    )
    if browsers is None:
        return BuiltSystem(dispatcher, run), portal
    # Only where there are browsers: a simulated run need not load Quart.
    from portal.web.app import build_pages

    csrf_key = secrets.csrf_key or chance.random_bytes(32)
    pages = build_pages(portal, settings, clock, chance, csrf_key, browsers)
    return BuiltSystem(dispatcher, run, pages), portal
