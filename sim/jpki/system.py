"""公的個人認証サービス as a system: OCSP, CRL, the authorities' certificates, linkage of serials, revocation."""

import trio

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Open, Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.wire.jpki import (
    CA_CERTIFICATE,
    CRL,
    ISSUE_SIGNATURE,
    LINKAGE,
    NOTE_EVENT,
    OCSP,
    REISSUE,
    REVOKE,
    AuthorityName,
    Linkage,
    NoteEvent,
    OneAuthority,
    OneSerial,
    Reissued,
    Revoke,
)
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.entrance.entrance import entrance
from sim.jpki import tables
from sim.jpki.revocation import RevokeOutcome
from sim.jpki.serials import Kind
from sim.jpki.service import Jpki

SCHEMAS = tables.SCHEMAS


def build(surroundings: Surroundings, jpki: Jpki) -> BuiltSystem:
    """What answers for this JPKI."""
    dispatcher = Dispatcher(System.JPKI)
    peers = Peers(surroundings.keys)
    desk = ControlDesk(System.JPKI, surroundings.store, surroundings.clock)

    async def ocsp(request: bytes, _: object) -> bytes:
        return jpki.ocsp(request)

    async def crl(request: OneAuthority, _: object) -> bytes | Problem:
        name = _authority(request)
        return name if isinstance(name, Problem) else jpki.crl(name)

    async def certificate(request: OneAuthority, _: object) -> bytes | Problem:
        name = _authority(request)
        return name if isinstance(name, Problem) else jpki.certificate(name)

    async def linkage(request: OneSerial, _: object) -> Linkage | Problem:
        found = jpki.linkage(int(request.serial))
        return _no_certificate() if found is None else found

    async def revoke(request: Revoke, _: object) -> Done | Problem:
        outcome = await jpki.revoke(int(request.serial), request.reason)
        return _no_certificate() if outcome is RevokeOutcome.NOT_OURS else Done()

    async def reissue(request: OneSerial, _: object) -> Reissued | Problem:
        person = jpki.holder_of(int(request.serial))
        if person is None:
            return _no_certificate()
        try:
            serial = await jpki.reissue(person)
        except ValueError:
            return problem(ProblemCode.CONFLICT, "この方には、これ以上新しい証明書を発行できません。")
        current = jpki.current(person)
        assert current.issued_on is not None, "a certificate that was issued again has a day"
        return Reissued(str(serial), current.generation, current.issued_on)

    async def issue_signature(request: OneSerial, _: object) -> Reissued | Problem:
        person = jpki.holder_of(int(request.serial))
        if person is None:
            return _no_certificate()
        try:
            serial = await jpki.issue_signature(person)
        except ValueError:
            return problem(ProblemCode.CONFLICT, "この方には、これ以上新しい証明書を発行できません。")
        if serial is None:
            return problem(ProblemCode.CONFLICT, "署名用の証明書は、15歳から発行できます。")
        current = jpki.current(person, Kind.SIGN)
        assert current.issued_on is not None, "a certificate that was issued again has a day"
        return Reissued(str(serial), current.generation, current.issued_on)

    async def note_event(request: NoteEvent, _: object) -> Done | Problem:
        try:
            await jpki.noted(request.notice, request.person, request.event)
        except ValueError:
            return problem(ProblemCode.NOT_FOUND, "この番号の人に、電子証明書は発行されていません。")
        return Done()

    dispatcher.add(OCSP, Open(), ocsp)
    dispatcher.add(CRL, Open(), crl)
    dispatcher.add(CA_CERTIFICATE, Open(), certificate)
    dispatcher.add(LINKAGE, peers, linkage)
    dispatcher.add(REVOKE, peers, revoke)
    dispatcher.add(REISSUE, peers, reissue)
    dispatcher.add(ISSUE_SIGNATURE, peers, issue_signature)
    dispatcher.add(NOTE_EVENT, peers, note_event)
    desk.serve(dispatcher, peers)
    serve_about(dispatcher, surroundings.clock)

    async def run(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await jpki.load()
        await desk.run(task_status=task_status)

    return BuiltSystem(dispatcher, run, entrance(dispatcher, desk))


def _authority(request: OneAuthority) -> AuthorityName | Problem:
    try:
        return AuthorityName(request.authority)
    except ValueError:
        return problem(ProblemCode.NOT_FOUND, f"認証局は {'、'.join(AuthorityName)} の2つです。")


def _no_certificate() -> Problem:
    return problem(ProblemCode.NOT_FOUND, "この発行番号の電子証明書は発行されていません。")
