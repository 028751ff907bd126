"""あなたの情報 (SELF-1, 2, 3, 4, 6, 7)."""

from datetime import timedelta

from portal.wire.problems import ProblemCode
from portal.wire.records import RequestState
from portal.wire.self_information import (
    SEARCH,
    Candidate,
    Catalogue,
    Search,
    SelfInformationContent,
    SelfInformationRequestView,
)
from portal.wire.sign_in import AccountView, MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, holds, refused
from scenarios.registry import scenario
from scenarios.stage import Stage
from sim.nation.copies import duplicate_copy
from sim.nation.organisations import organisation

ADDRESS = "mikan@example.jp"
LATE_MAIL = "あなたの情報の回答が届きました"
TAX = "地方税関係情報"
OSAKA, OYAMA = "271004", "092088"
"""Where 山木さん lives, and where he lived before: both hold his tax information."""


def _one(found: tuple[Candidate, ...], what: str) -> Candidate:
    equal(len(found), 1, f"{what}: 見つかった機関の数")
    return found[0]


async def _read(resident: Resident, request_id: str, wanted: Candidate) -> SelfInformationContent:
    """The answer must be what was asked for, from whom it was asked, with something in it."""
    outcome = await resident.read_self_information(request_id)
    content = answered(outcome, SelfInformationContent, "届いた自己情報")
    equal(content.content.information.code, wanted.information.code, "届いた特定個人情報")
    equal(content.content.organisation.code, wanted.organisation.code, "答えた機関")
    holds(bool(content.content.items), "届いた項目", expected="1項目以上", seen=len(content.content.items))
    equal(content.request.read, True, "読んだしるし")
    return content


@scenario("self-information-by-name", "名称で探し、持っている機関から届く", "SELF-1", "SELF-3")
async def by_name(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    stage.step("名称の一部「住民票」で探す。どの機関が持つかは知らなくてよい")
    wanted = _one(await resident.search(name="住民票"), "「住民票」の検索")
    equal(wanted.organisation.name, "東京都千代田区", "情報を持つ機関")
    stage.step("その情報を求める")
    (request,) = await resident.request_self_information(wanted)
    equal(request.state, RequestState.ANSWERED, "提供の求めの状態")
    content = await _read(resident, request.request_id, wanted)
    holder, nation = organisation(wanted.organisation.code), stage.facts.nation
    copy = duplicate_copy(nation, holder, resident.person, wanted.information.code)
    assert copy is not None
    equal(
        [(item.name, item.value) for item in content.content.items],
        list(copy.items),
        "届いた項目と機関の副本",
    )


@scenario("self-information-by-field", "分野と細目で探す", "SELF-2", "SELF-3")
async def by_field(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    catalogue = answered(await resident.view_catalogue(), Catalogue, "分野の一覧")
    fields = sorted({kind.field for kind in catalogue.kinds})
    holds("社会保障" in fields and "税" in fields, "分野", expected="税と社会保障を含む", seen=fields)
    stage.step("分野「健康・医療」で探す")
    medical = await resident.search(field="健康・医療")
    equal({each.field for each in medical}, {"健康・医療"}, "見つかった情報の分野")
    holds(len(medical) >= 2, "見つかった情報", expected="2件以上", seen=len(medical))
    stage.step("細目「予防接種」で絞る")
    vaccination = await resident.search(field="健康・医療", detail="予防接種")
    equal([each.detail for each in vaccination], ["予防接種"], "見つかった情報の細目")
    equal(set(vaccination) <= set(medical), True, "細目で絞った結果は分野の結果に含まれる")
    equal(await resident.search(field="税", detail="予防接種"), (), "合わない分野と細目")


@scenario("self-information-in-municipality", "市区町村を指定しても、しなくても探せる", "SELF-2", "SELF-3")
async def in_municipality(stage: Stage) -> None:
    resident = Resident(stage, stage.person(2))
    await resident.enter()
    stage.step("市区町村を指定せずに税の情報を探す")
    everywhere = await resident.search(field="税")
    equal(
        {each.organisation.name for each in everywhere},
        {"大阪府大阪市", "栃木県小山市"},
        "税の情報を持つ機関",
    )
    stage.step("大阪市を指定する")
    osaka = _one(await resident.search(field="税", municipality=OSAKA), "大阪市の検索")
    equal(osaka.organisation.name, "大阪府大阪市", "大阪市で見つかった機関")
    stage.step("前に住んでいた小山市を指定する")
    oyama = _one(await resident.search(field="税", municipality=OYAMA), "小山市の検索")
    equal(oyama.organisation.name, "栃木県小山市", "小山市で見つかった機関")
    stage.step("住んだことのない札幌市を指定する")
    equal(await resident.search(field="税", municipality="011002"), (), "札幌市で見つかった機関")
    stage.step("検査数字の違うコードは、その項目の誤りになる")
    for code in ("131017", "999999"):
        wrong = refused(
            await resident.call(SEARCH, Search(field="税", municipality=code)),
            ProblemCode.UNPROCESSABLE,
            "ない市区町村での検索",
        )
        equal(wrong.field, "$.municipality", "誤りのある項目")


@scenario("self-information-narrowed", "見つかった機関を絞り込んで求める", "SELF-4", "SELF-3")
async def narrowed(stage: Stage) -> None:
    resident = Resident(stage, stage.person(2))
    await resident.enter()
    found = await resident.search(name=TAX)
    equal(len(found), 2, "税の情報を持つ機関の数")
    oyama = next(each for each in found if each.organisation.name == "栃木県小山市")
    stage.step("二つの機関のうち、小山市だけに求める")
    (request,) = await resident.request_self_information(oyama)
    await _read(resident, request.request_id, oyama)
    equal(len(await resident.list_self_information()), 1, "フォルダーの求めの数")

    stage.step("二つとも求める")
    both = await resident.request_self_information(*found)
    equal([each.state for each in both], [RequestState.ANSWERED] * 2, "二つの求めの状態")
    for request, wanted in zip(both, found, strict=True):
        await _read(resident, request.request_id, wanted)


@scenario(
    "self-information-server-down",
    "中間サーバーが止まっていても、動いてから副本で答える",
    "SELF-6",
    "SELF-7",
    "ACC-6",
)
async def server_down(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_SELF_INFORMATION,))
    wanted = _one(await resident.search(name=TAX), "税の情報の検索")
    stage.step("中間サーバーが止まる")
    await operator.stop(System.INTERMEDIATE)
    (request,) = await resident.request_self_information(wanted)
    equal(request.state, RequestState.WAITING, "止まっている間の求めの状態")
    refused(await resident.read_self_information(request.request_id), ProblemCode.CONFLICT, "届く前に読む")
    await resident.sign_out()
    await stage.pass_time(timedelta(hours=1))

    stage.step("中間サーバーが動き出す")
    await operator.resume(System.INTERMEDIATE)
    await mail.wait_for(LATE_MAIL)
    await resident.enter()
    account = answered(await resident.view_account(), AccountView, "アカウント設定")
    equal(account.unread_self_information, 1, "読んでいない回答の数")
    await _read(resident, request.request_id, wanted)


@scenario("self-information-server-gone", "中間サーバーにつながらなくても、つながってから届く", "SELF-6")
async def server_gone(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    wanted = _one(await resident.search(name=TAX), "税の情報の検索")
    await stage.stop(System.INTERMEDIATE)
    (request,) = await resident.request_self_information(wanted)
    equal(request.state, RequestState.WAITING, "つながらない間の求めの状態")
    stage.step("中間サーバーがまた起動する")
    await stage.start(System.INTERMEDIATE)
    await resident.wait_for_self_information(request.request_id)
    await _read(resident, request.request_id, wanted)


@scenario(
    "self-information-one-organisation-stopped",
    "一つの機関だけが止まっても、ほかの機関の回答は届く",
    "SELF-6",
    "SELF-4",
)
async def one_organisation_stopped(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(2)), Operator(stage)
    await resident.enter()
    osaka, oyama = sorted(
        await resident.search(name=TAX), key=lambda each: each.organisation.name != "大阪府大阪市"
    )
    stage.step("小山市の中間サーバーだけが止まる")
    await operator.stop_organisation(oyama.organisation.code)
    at_once, later = await resident.request_self_information(osaka, oyama)
    equal(at_once.state, RequestState.ANSWERED, "動いている大阪市への求め")
    equal(later.state, RequestState.WAITING, "止まっている小山市への求め")
    await _read(resident, at_once.request_id, osaka)
    stage.step("小山市の中間サーバーが動き出す")
    await operator.resume_organisation(oyama.organisation.code)
    await resident.wait_for_self_information(later.request_id)
    await _read(resident, later.request_id, oyama)


@scenario(
    "self-information-core-down",
    "コアシステムが止まっていると探せないが、出した求めは失われない",
    "SELF-3",
    "SELF-6",
)
async def core_down(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    await resident.enter()
    wanted = _one(await resident.search(name=TAX), "税の情報の検索")
    await operator.stop(System.NETWORK)
    stage.step("止まっている間に探す")
    refused(await resident.call(SEARCH, Search(name=TAX)), ProblemCode.UPSTREAM_UNAVAILABLE, "検索")
    stage.step("見つけてあったものを求める")
    (request,) = await resident.request_self_information(wanted)
    equal(request.state, RequestState.WAITING, "求めの状態")
    await operator.resume(System.NETWORK)
    await resident.wait_for_self_information(request.request_id)
    await _read(resident, request.request_id, wanted)


@scenario("self-information-not-held", "その情報を持たない機関への求めは断られる", "SELF-3")
async def not_held(stage: Stage) -> None:
    resident, other = Resident(stage, stage.person(0)), Resident(stage, stage.person(2))
    await resident.enter()
    await other.enter("ぶどう")
    elsewhere = (await other.search(name=TAX))[0]
    stage.step("ほかの人の情報しか持たない機関に、自分の情報を求める")
    (request,) = await resident.request_self_information(elsewhere)
    view = answered(
        await resident.view_self_information(request.request_id), SelfInformationRequestView, "求めの状態"
    )
    equal(view.state, RequestState.REFUSED, "求めの状態")
    holds(bool(view.guidance), "断りの案内", expected="案内の文", seen=view.guidance)
