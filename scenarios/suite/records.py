"""やりとり履歴 (REC-1, 2, 3)."""

from datetime import date, timedelta

from portal.wire.disclosure import records_kept_from
from portal.wire.problems import ProblemCode
from portal.wire.records import RecordsContent, RecordsRequestView, RequestState
from portal.wire.sign_in import AccountView, MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, holds, refused
from scenarios.registry import scenario
from scenarios.stage import Stage

ADDRESS = "mikan@example.jp"
LATE_MAIL = "やりとり履歴の回答が届きました"


def _of_the_period(outcome: object) -> RecordsContent:
    """Records must be there, all of them of the days that were asked for, newest first."""
    content = answered(outcome, RecordsContent, "開示されたやりとり履歴")
    holds(bool(content.records), "開示された記録", expected="1件以上", seen=f"{len(content.records)}件")
    moments = [record.requested_at for record in content.records]
    first, last = content.request.start, content.request.end
    for moment in moments:
        day = moment.astimezone(content.request.asked_at.tzinfo).date()
        holds(first <= day <= last, "記録の日", expected=f"{first}から{last}まで", seen=day)
    equal(moments, sorted(moments, reverse=True), "記録の順（新しい順）")
    return content


@scenario("records-at-once", "期間を指定すると、やりとり履歴がその場で表示される", "REC-1", "REC-2")
async def records_at_once(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    stage.step("この1年のやりとり履歴を請求する")
    request = await resident.asked_for_records()
    equal(request.state, RequestState.ANSWERED, "請求の状態")
    year = _of_the_period(await resident.read_records(request.request_id))
    equal(year.request.read, True, "読んだしるし")

    stage.step("いちばん新しい記録のあった1日だけを請求する")
    newest = year.records[0]
    day = newest.requested_at.astimezone(year.request.asked_at.tzinfo).date()
    one = answered(await resident.request_records(day, day), RecordsRequestView, "1日だけの請求")
    content = _of_the_period(await resident.read_records(one.request_id))
    equal(newest in content.records, True, "その日の記録に同じ記録がある")


@scenario("records-bad-periods", "終わりが始まりより前の期間や、先の日、7年より前からの期間は断る", "REC-1")
async def records_bad_periods(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    today, day = stage.today, timedelta(days=1)
    oldest = records_kept_from(today)
    wrong: list[tuple[str, date, date, str]] = [
        ("終わりが始まりより前", today, today - day, "$.end"),
        ("終わりが明日", today - day, today + day, "$.end"),
        ("始まりも終わりも先", today + day, today + day * 30, "$.end"),
        ("7年より前から", oldest - day, today, "$.start"),
        ("7年より前だけ", oldest - day * 30, oldest - day * 10, "$.start"),
    ]
    for what, start, end, field in wrong:
        problem = refused(await resident.request_records(start, end), ProblemCode.PERIOD_REFUSED, what)
        equal(problem.field, field, f"{what}: 誤りの場所")
    equal(await resident.list_records(), (), "断られた期間でできた請求")

    stage.step("ちょうど今日1日、ちょうど7年は受け付ける")
    for start in (today, oldest):
        answered(await resident.request_records(start, today), RecordsRequestView, f"{start}からの請求")


@scenario("records-late", "コアシステムが後日回答にすると、届いたときメールで知らせる", "REC-3", "ACC-6")
async def records_late(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS,))
    await operator.answer_late(System.NETWORK, 60)
    stage.step("請求すると「まだ回答できない」と示される")
    request = await resident.asked_for_records()
    equal(request.state, RequestState.WAITING, "請求の状態")
    refused(await resident.read_records(request.request_id), ProblemCode.CONFLICT, "届く前に読む")
    await resident.sign_out()

    stage.step("1分後に回答が届き、メールで知らせる")
    await mail.wait_for(LATE_MAIL, at_most=timedelta(minutes=3))
    await resident.enter()
    account = answered(await resident.view_account(), AccountView, "アカウント設定")
    equal(account.unread_records, 1, "読んでいない回答の数")
    view = await resident.wait_for_records(request.request_id)
    equal(view.read, False, "読んだしるし")
    _of_the_period(await resident.read_records(request.request_id))


@scenario("records-late-without-wish", "希望しなければ、後日回答のメールは届かない", "REC-3", "ACC-4")
async def records_late_without_wish(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(1)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_SELF_INFORMATION,))
    await operator.answer_late(System.NETWORK, 60)
    request = await resident.asked_for_records()
    await resident.wait_for_records(request.request_id, at_most=timedelta(minutes=3))
    await stage.pass_time(timedelta(minutes=1))
    equal(await mail.news(), (), "届いたメール")


@scenario("records-core-down", "コアシステムが止まっていても請求は受け付け、動いてから回答が届く", "REC-3")
async def records_core_down(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(2)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS,))
    stage.step("コアシステムが止まる")
    await operator.stop(System.NETWORK)
    request = await resident.asked_for_records()
    equal(request.state, RequestState.WAITING, "止まっている間の請求の状態")
    await stage.pass_time(timedelta(minutes=10))
    still = answered(await resident.view_records(request.request_id), RecordsRequestView, "請求の状態")
    equal(still.state, RequestState.WAITING, "10分後の請求の状態")

    stage.step("コアシステムが動き出す")
    await operator.resume(System.NETWORK)
    await resident.wait_for_records(request.request_id)
    _of_the_period(await resident.read_records(request.request_id))
    await mail.wait_for(LATE_MAIL)


@scenario(
    "records-core-gone", "コアシステムにつながらなくても請求は受け付け、つながってから回答が届く", "REC-3"
)
async def records_core_gone(stage: Stage) -> None:
    resident = Resident(stage, stage.person(2))
    await resident.enter()
    stage.step("コアシステムのプロセスがなくなる")
    await stage.stop(System.NETWORK)
    request = await resident.asked_for_records()
    equal(request.state, RequestState.WAITING, "請求の状態")
    stage.step("コアシステムがまた起動する")
    await stage.start(System.NETWORK)
    await resident.wait_for_records(request.request_id)
    _of_the_period(await resident.read_records(request.request_id))


@scenario("records-registry-down", "符号を取得できない間の請求も失われない", "REC-3", "ACC-2")
async def records_registry_down(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(3)), Operator(stage)
    stage.step("住民基本台帳ネットワークが止まっていて、登録しても符号を取得できない")
    await operator.stop(System.REGISTRY)
    await resident.enter()
    request = await resident.asked_for_records()
    equal(request.state, RequestState.WAITING, "請求の状態")
    await operator.resume(System.REGISTRY)
    await resident.wait_for_records(request.request_id)
    _of_the_period(await resident.read_records(request.request_id))


@scenario("records-asked-twice", "同じ請求を二度送っても一つの請求になる", "REC-1")
async def records_asked_twice(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    first = await resident.asked_for_records(key="once")
    stage.step("画面を読み込み直して、同じ請求がもう一度送られる")
    second = await resident.asked_for_records(key="once")
    equal(second.request_id, first.request_id, "2回目に送った請求の番号")
    equal(len(await resident.list_records()), 1, "フォルダーの請求の数")
    stage.step("同じ鍵で、別の期間を請求する")
    another = await resident.request_records(date(2026, 1, 1), date(2026, 1, 31), key="once")
    refused(another, ProblemCode.CONFLICT, "同じ鍵での別の請求")
    equal(len(await resident.list_records()), 1, "フォルダーの請求の数")


@scenario("records-nobody-answers", "30日たっても回答がなければ、書面での請求を案内する", "REC-3")
async def records_nobody_answers(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    await resident.enter()
    await operator.stop(System.NETWORK)
    request = await resident.asked_for_records()
    await resident.sign_out()
    stage.step("コアシステムが止まったまま31日たつ")
    await stage.pass_time(timedelta(days=31))
    await resident.enter()

    async def ended() -> RecordsRequestView | None:
        view = answered(await resident.view_records(request.request_id), RecordsRequestView, "請求の状態")
        return view if view.state is not RequestState.WAITING else None

    view = await stage.until(ended, at_most=timedelta(minutes=10), what="請求が終わる")
    equal(view.state, RequestState.UNANSWERED, "請求の状態")
    holds("書面" in (view.guidance or ""), "案内", expected="書面での請求", seen=view.guidance)
