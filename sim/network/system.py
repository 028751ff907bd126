"""情報提供ネットワークシステム, the core system, as a system: routes, workers, controls."""

from collections.abc import Collection

import trio

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Open, Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.wire import notice_relaying as relaying
from portal.wire.network import (
    ACQUIRE_CODE,
    BROKER_SELF_INFORMATION,
    DISCLOSE_RECORDS,
    FIND_HOLDERS,
    INQUIRE,
    NOTE_HOLDING,
    RECEIVE_DECISION,
    RECONCILE,
    REPORT_PROVISION,
    SET_TRAFFIC,
    TAKE_ACQUISITION,
    VIEW_CATALOGUE,
    VIEW_TRAFFIC,
    AcquireCode,
    AcquiredCode,
    Brokered,
    BrokerSelfInformation,
    Decided,
    DiscloseRecords,
    FindHolders,
    Holders,
    Inquire,
    InquiryTaken,
    NoteHolding,
    Reconcile,
    Reconciliation,
    RecordsAnswer,
    ReportProvision,
    SetTraffic,
    TakeAcquisition,
    TrafficView,
)
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem
from portal.wire.self_information import Catalogue
from portal.wire.systems import System
from sim.controls import MODES_LATE, ControlDesk
from sim.entrance.entrance import entrance
from sim.nation.catalogue import CURRENT
from sim.nation.nation import Nation
from sim.network import tables
from sim.network.codes import LinkageCodes
from sim.network.facts import CoreFacts
from sim.network.now import now
from sim.network.service import CoreSystem
from sim.network.traffic_desk import NO_SOURCE, Source, TrafficDesk

SCHEMAS = tables.SCHEMAS


def build(
    surroundings: Surroundings,
    nation: Nation,
    codes: LinkageCodes,
    *,
    profile: str = CURRENT,
    paper_only: Collection[str] = (),
    unassessed: Collection[str] = (),
    traffic: Source = NO_SOURCE,
) -> BuiltSystem:
    """The core system of this nation.

    *profile* is the law it works under; *paper_only* are the codes of organisations that do not provide
    self-information electronically (SELF-5), none by default; *unassessed* are those that break their duty of
    assessment, whose inquiries are not passed on; *traffic* is what other organisations ask meanwhile.
    """
    dispatcher = Dispatcher(System.NETWORK)
    peers = Peers(surroundings.keys)
    desk = ControlDesk(
        System.NETWORK, surroundings.store, surroundings.clock, modes=MODES_LATE, has_outbox=True
    )
    core = CoreSystem(
        surroundings, CoreFacts(nation, profile), codes, desk, paper_only=paper_only, unassessed=unassessed
    )

    def wake() -> None:
        core.outbox.wake()
        core.notices.lanes.hurry()

    desk.wake = wake
    flow = TrafficDesk(surroundings.store, surroundings.clock, nation, profile, traffic)

    async def set_traffic(request: SetTraffic, _: object) -> TrafficView | Problem:
        return await flow.set(request)

    async def view_traffic(_: Nothing, __: object) -> TrafficView:
        return flow.view

    async def acquire(request: AcquireCode, _: object) -> AcquiredCode | Problem:
        return await core.acquire_code(request)

    async def view_catalogue(_: Nothing, __: object) -> Catalogue:
        return core.facts.catalogue

    async def disclose(request: DiscloseRecords, _: object) -> RecordsAnswer | Problem:
        return await core.disclose_records(request)

    async def find(request: FindHolders, _: object) -> Holders | Problem:
        return await core.find_holders(request)

    async def broker(request: BrokerSelfInformation, _: object) -> Brokered | Problem:
        return await core.broker(request)

    async def inquire(request: Inquire, _: object) -> InquiryTaken | Problem:
        return await core.inquiring.inquire(request)

    async def report(request: ReportProvision, _: object) -> Done | Problem:
        return await core.inquiring.report(request)

    async def decided(request: Decided, _: object) -> Done | Problem:
        return await core.disclosing.receive(request)

    async def reconcile(request: Reconcile, _: object) -> Reconciliation | Problem:
        return await core.reconciling.reconcile(request)

    async def take_acquisition(request: TakeAcquisition, _: object) -> Done | Problem:
        return await core.acquiring.take(request)

    async def note_holding(request: NoteHolding, _: object) -> Done | Problem:
        return await core.note_holding(request)

    async def relay_content(request: relaying.RelayContent, _: object) -> Done | Problem:
        return await core.notices.take_content(request)

    async def relay_batch(request: relaying.RelayBatch, _: object) -> Done | Problem:
        return await core.notices.take_batch(request)

    async def relay_cancel(request: relaying.OneSend, _: object) -> Done | Problem:
        return await core.notices.take_cancel(request)

    async def ask_folders(request: relaying.AskFolders, _: object) -> relaying.Folders | Problem:
        return await core.notices.ask_folders(request)

    async def ask_marks(request: relaying.AskMarks, _: object) -> relaying.Marks | Problem:
        return await core.notices.ask_marks(request)

    async def ask_answers(request: relaying.AskMarks, _: object) -> relaying.Collected | Problem:
        return await core.notices.ask_answers(request)

    dispatcher.add(relaying.RELAY_CONTENT, peers, relay_content)
    dispatcher.add(relaying.RELAY_BATCH, peers, relay_batch)
    dispatcher.add(relaying.RELAY_CANCEL, peers, relay_cancel)
    dispatcher.add(relaying.ASK_FOLDERS, peers, ask_folders)
    dispatcher.add(relaying.ASK_MARKS, peers, ask_marks)
    dispatcher.add(relaying.ASK_ANSWERS, peers, ask_answers)
    dispatcher.add(ACQUIRE_CODE, peers, acquire)
    dispatcher.add(VIEW_CATALOGUE, peers, view_catalogue)
    dispatcher.add(DISCLOSE_RECORDS, peers, disclose)
    dispatcher.add(FIND_HOLDERS, peers, find)
    dispatcher.add(BROKER_SELF_INFORMATION, peers, broker)
    dispatcher.add(INQUIRE, peers, inquire)
    dispatcher.add(REPORT_PROVISION, peers, report)
    dispatcher.add(RECEIVE_DECISION, peers, decided)
    dispatcher.add(RECONCILE, peers, reconcile)
    dispatcher.add(TAKE_ACQUISITION, peers, take_acquisition)
    dispatcher.add(NOTE_HOLDING, peers, note_holding)
    dispatcher.add(SET_TRAFFIC, peers, set_traffic)
    dispatcher.add(VIEW_TRAFFIC, Open(), view_traffic)
    desk.serve(dispatcher, peers)
    serve_about(dispatcher, surroundings.clock)

    async def run(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await core.load()
        await core.notices.load()
        await desk.load()
        await flow.load()
        await core.disclosing.load()
        async with trio.open_nursery() as nursery:
            await nursery.start(core.outbox.run)
            await nursery.start(core.notices.lanes.run)
            nursery.start_soon(flow.run)
            task_status.started()

    return BuiltSystem(
        dispatcher,
        run,
        entrance(dispatcher, desk, now(surroundings.store, core.facts, flow, core.reconciling)),
    )
