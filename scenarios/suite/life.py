"""異動: residents move, marry and die, and certificates, copies and accounts follow (ACC-1, 2, SELF-3)."""

from datetime import timedelta

from cryptography import x509

from portal.wire.jpki import CRL, AuthorityName, OneAuthority
from portal.wire.problems import ProblemCode
from portal.wire.registry import EventKind
from portal.wire.self_information import SelfInformationContent
from portal.wire.sign_in import SignedIn
from portal.wire.systems import Party, System
from scenarios.actors.operator import Operator, serial_of, signature_serial_of
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, holds, refused
from scenarios.registry import scenario
from scenarios.stage import Stage
from sim.nation.municipalities import municipality

SAPPORO = "011002"
RESIDENCE = "住民票関係情報"
CERTIFICATES_KNOWN = timedelta(minutes=16)
"""OCSP learns of a revocation within a quarter of an hour."""


async def _revoked(stage: Stage, name: AuthorityName) -> frozenset[int]:
    """What the authority's list of revocations has now."""
    outcome = await stage.link(Party.OPERATOR, System.JPKI).call(CRL, OneAuthority(name))
    found = x509.load_der_x509_crl(answered(outcome, bytes, f"失効リスト（{name}）"))
    return frozenset(each.serial_number for each in found)


async def _told(stage: Stage, people: int) -> None:
    """Until JPKI has heard of so many people, and whoever asks it hears of it too."""
    await stage.until_seen("jpki.note_event", count=people, at_most=timedelta(minutes=5))
    await stage.pass_time(CERTIFICATES_KNOWN)


@scenario(
    "moved-away",
    "転居すると署名用の証明書だけが失効し、同じアカウントに入れて、副本は転居先のものになる",
    "ACC-1",
    "ACC-2",
    "SELF-3",
)
async def moved_away(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    await resident.enter("すだち")
    waiting = await resident.asked_for_records()
    await resident.sign_out()
    first_signature = signature_serial_of(resident)

    stage.step("札幌市に転居を届け出る。世帯の全員が移る")
    taken = await operator.report(EventKind.MOVE, resident, to=SAPPORO)
    household = stage.facts.nation.household(resident.person)
    equal({each.resident for each in taken.changes}, {each.resident_id for each in household}, "転居した住民")
    holds(
        all(each.address.startswith(municipality(SAPPORO).full_name) for each in taken.changes),
        "転居した住民の住所",
        expected="札幌市の中",
        seen=[each.address for each in taken.changes],
    )
    await _told(stage, len(household))
    signatures = await _revoked(stage, AuthorityName.SIGNATURE)
    equal(first_signature in signatures, True, "署名用の証明書の失効")
    users = await _revoked(stage, AuthorityName.AUTHENTICATION)
    equal(int(serial_of(resident)) in users, False, "利用者証明用の証明書の失効")

    stage.step("同じカードでログインし、同じアカウントに入る")
    again = answered(await resident.sign_in(), SignedIn, "転居の後のログイン")
    equal(again.nickname, "すだち", "転居の後のアカウントのニックネーム")
    equal(
        [each.request_id for each in await resident.list_records()], [waiting.request_id], "フォルダーの請求"
    )

    stage.step("住民票の情報は、転居先の札幌市だけが持っている")
    (wanted,) = await resident.search(name=RESIDENCE)
    equal(wanted.organisation.name, municipality(SAPPORO).full_name, "情報を持つ機関")
    (request,) = await resident.request_self_information(wanted)
    await resident.wait_for_self_information(request.request_id)
    outcome = await resident.read_self_information(request.request_id)
    content = answered(outcome, SelfInformationContent, "届いた自己情報").content
    equal(content.organisation.name, municipality(SAPPORO).full_name, "答えた機関")
    values = {item.name: item.value for item in content.items}
    today = stage.today
    equal(values["住民となった年月日"], f"{today.year}年{today.month}月{today.day}日", "住民となった日")
    equal(values["世帯人員"], f"{len(household)}人", "世帯の人数")

    stage.step("転居先の窓口で、署名用の証明書を発行し直す")
    await operator.issue_signature(resident)
    der = resident.card.contents.sign_certificate
    assert der is not None
    holds(
        municipality(SAPPORO).full_name.encode() in der,
        "新しい署名用の証明書の住所",
        expected="札幌市",
        seen="別の住所",
    )
    equal(signature_serial_of(resident) == first_signature, False, "証明書の番号が前と同じか")


@scenario("died", "亡くなった人の証明書は二つとも失効し、ログインできない", "ACC-1")
async def died(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(4)), Operator(stage)
    await resident.enter()
    await resident.sign_out()
    stage.step("死亡の届出")
    taken = await operator.report(EventKind.DEATH, resident)
    equal(
        [each.what for each in taken.changes if each.resident == resident.person.resident_id],
        [("died",)],
        "届出の結果",
    )
    await _told(stage, 1)
    refused(await resident.sign_in(), ProblemCode.CERTIFICATE_REVOKED, "亡くなった人のカードでのログイン")


@scenario(
    "moved-while-down",
    "認証局と中間サーバーが止まっている間の転居も、動いてから反映される",
    "ACC-1",
    "SELF-3",
)
async def moved_while_down(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    await resident.enter()
    first_signature = signature_serial_of(resident)
    stage.step("公的個人認証サービスと中間サーバーのプロセスがなくなる")
    await stage.stop(System.JPKI)
    await stage.stop(System.INTERMEDIATE)
    await operator.report(EventKind.MOVE, resident, to=SAPPORO)
    await stage.pass_time(timedelta(minutes=2))
    stage.step("台帳も起動し直してから、どちらも動き出す")
    await stage.stop(System.REGISTRY)
    await stage.start(System.REGISTRY)
    await stage.start(System.JPKI)
    await stage.start(System.INTERMEDIATE)

    async def is_revoked() -> bool:
        return first_signature in await _revoked(stage, AuthorityName.SIGNATURE)

    await stage.until(is_revoked, at_most=timedelta(minutes=30), what="署名用の証明書が失効する")

    async def is_there() -> bool:
        found = await resident.search(name=RESIDENCE)
        return [each.organisation.name for each in found] == [municipality(SAPPORO).full_name]

    await stage.until(is_there, at_most=timedelta(minutes=30), what="札幌市が情報を持つ")
