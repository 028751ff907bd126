"""What can come of a request beside a plain answer: paper, withheld, documents, flagged records; files; deletion.

REC-4, REC-5, SELF-5, SELF-7, SELF-8, SELF-9, FLD-5.
"""

import csv
import io
from datetime import timedelta

from portal.wire import folder, records, self_information
from portal.wire.folder import FolderItems, OneItem
from portal.wire.intermediate_keeping import DecisionPolicy
from portal.wire.operation import Done, Nothing
from portal.wire.problems import ProblemCode
from portal.wire.records import InformationOfRecord, OneRequest, RecordsContent, RequestState
from portal.wire.self_information import Candidate, SelfInformationContent, SelfInformationRequestView
from portal.wire.sign_in import AccountView, MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.organisation import Organisation
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, holds, refused
from scenarios.registry import scenario
from scenarios.stage import Stage
from sim.nation.holdings import RESIDENCE, TAX
from sim.nation.organisations import of_municipality

ADDRESS = "mikan@example.jp"
ELSEWHERE = of_municipality("141003").code
ENDED_MAIL = "あなたの情報の請求の結果をご確認ください"
LATE_RECORDS_MAIL = "やりとり履歴の回答が届きました"
ENDS_AT_MOST = timedelta(minutes=10)


async def _ended(resident: Resident, request_id: str, state: RequestState) -> SelfInformationRequestView:
    """The request must end in this state."""

    async def come() -> SelfInformationRequestView | None:
        view = answered(
            await resident.view_self_information(request_id), SelfInformationRequestView, "求めの状態"
        )
        return None if view.state is RequestState.WAITING else view

    view = await resident.stage.until(come, at_most=ENDS_AT_MOST, what="求めが終わる")
    equal(view.state, state, "求めの状態")
    return view


async def _wanted(resident: Resident) -> Candidate:
    (found, *_) = await resident.search(name="住民票")
    return found


@scenario(
    "self-information-on-paper", "電子で答えない機関は、窓口での書面による請求を案内する", "SELF-5", "SELF-7"
)
async def on_paper(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_SELF_INFORMATION,))
    wanted = await _wanted(resident)
    holder = Organisation(stage, wanted.organisation.code)
    await holder.answers_on_paper_only()
    stage.step("求めると、書面での請求が案内される")
    (request,) = await resident.request_self_information(wanted)
    view = await _ended(resident, request.request_id, RequestState.PAPER)
    for words in (holder.name, wanted.information.name, "書面"):
        holds(words in (view.guidance or ""), "案内", expected=words, seen=view.guidance)
    refused(await resident.read_self_information(request.request_id), ProblemCode.CONFLICT, "中身を読む")

    stage.step("中間サーバーが止まっていて、あとから案内が届くときは、メールで知らせる")
    await operator.stop(System.INTERMEDIATE)
    (late,) = await resident.request_self_information(wanted)
    equal(late.state, RequestState.WAITING, "止まっている間の求めの状態")
    await operator.resume(System.INTERMEDIATE)
    await _ended(resident, late.request_id, RequestState.PAPER)
    (told,) = await mail.wait_for(ENDED_MAIL)
    text = await mail.read(told)
    holds(
        all(words not in text for words in (holder.name, wanted.information.name, "書面", "不開示")),
        "メールの中身",
        expected="情報の名前も結果も書かれていない",
        seen=text,
    )


@scenario("self-information-withheld", "機関は、一部の項目または全部を不開示にできる", "SELF-9")
async def withheld(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    wanted = await _wanted(resident)
    holder = Organisation(stage, wanted.organisation.code)
    (plain,) = await resident.request_self_information(wanted)
    whole = answered(
        await resident.read_self_information(plain.request_id), SelfInformationContent, "すべての項目"
    )
    names = [item.name for item in whole.content.items]
    holds(len(names) > 1, "項目の数", expected="2項目以上", seen=names)

    stage.step(f"{holder.name}が、項目「{names[0]}」を不開示にする")
    await holder.withholds(resident.person, wanted.information.code, names[0])
    (partly,) = await resident.request_self_information(wanted)
    part = answered(
        await resident.read_self_information(partly.request_id), SelfInformationContent, "一部不開示の回答"
    )
    left_out = len(names) - len(part.content.items)
    holds(left_out >= 1, "不開示の項目の数", expected="1項目以上", seen=left_out)
    equal(part.content.withheld_items, left_out, "不開示と示された項目の数")
    equal(names[0] in [item.name for item in part.content.items], False, "不開示の項目がある")
    equal(set(part.content.items) <= set(whole.content.items), True, "残りの項目はそのまま")

    stage.step("全部を不開示にする")
    await holder.withholds(resident.person, wanted.information.code, everything=True)
    (none,) = await resident.request_self_information(wanted)
    view = await _ended(resident, none.request_id, RequestState.WITHHELD)
    holds(holder.name in (view.guidance or ""), "案内", expected=f"{holder.name}の窓口", seen=view.guidance)

    stage.step("不開示をやめると、もう一度求めれば全部届く")
    await holder.withholds(resident.person, wanted.information.code)
    (again,) = await resident.request_self_information(wanted)
    released = answered(
        await resident.read_self_information(again.request_id), SelfInformationContent, "全部の回答"
    )
    equal(released.content.items, whole.content.items, "届いた項目")


@scenario("self-information-documents", "データ標準にない関連書類が、回答に添えられる", "SELF-8")
async def documents(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    wanted = await _wanted(resident)
    holder = Organisation(stage, wanted.organisation.code)
    content = b"%PDF-1.7\n" + bytes(range(256)) * 40
    await holder.attaches(
        resident.person, wanted.information.code, "昨年の申請書.pdf", "application/pdf", content
    )
    (request,) = await resident.request_self_information(wanted)
    answer = answered(
        await resident.read_self_information(request.request_id), SelfInformationContent, "届いた自己情報"
    )
    (document,) = answer.content.attachments
    equal((document.name, document.media_type), ("昨年の申請書.pdf", "application/pdf"), "関連書類")
    equal(document.content, content, "関連書類の中身")


@scenario("record-to-information", "記録の一件から、やりとりされた情報そのものを求められる", "REC-4")
async def record_to_information(stage: Stage) -> None:
    resident, stranger = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    await resident.enter()
    await stranger.enter("りんご")
    stage.step("よその機関が、住んでいる市区町村に税の情報を照会する")
    provider = of_municipality(resident.person.municipality_code).code
    number = await Organisation(stage, ELSEWHERE).inquires("inquiry", resident.person, provider, TAX)
    asked = await resident.asked_for_records()
    answer = answered(await resident.read_records(asked.request_id), RecordsContent, "やりとり履歴")
    record = next(each for each in answer.records if each.record_id == number)

    stage.step("その記録から、情報を求める")
    wanted = InformationOfRecord(asked.request_id, number, "once")
    view = answered(
        await resident.call(self_information.REQUEST_INFORMATION_OF_RECORD, wanted),
        SelfInformationRequestView,
        "記録からの求め",
    )
    equal((view.information, view.organisation), (record.information, record.provider), "求めた情報と機関")
    found = answered(
        await resident.read_self_information(view.request_id), SelfInformationContent, "届いた自己情報"
    )
    equal(
        (found.content.information.code, found.content.organisation.code),
        (record.information.code, record.provider.code),
        "届いた情報と答えた機関",
    )
    again = answered(
        await resident.call(self_information.REQUEST_INFORMATION_OF_RECORD, wanted),
        SelfInformationRequestView,
        "二度送られた求め",
    )
    equal(again.request_id, view.request_id, "二度送られた求めの番号")

    stage.step(f"{stranger.name}は、{resident.name}の記録から求められない")
    refused(
        await stranger.call(self_information.REQUEST_INFORMATION_OF_RECORD, wanted),
        ProblemCode.NOT_FOUND,
        "他人の記録からの求め",
    )
    refused(
        await resident.call(
            self_information.REQUEST_INFORMATION_OF_RECORD, InformationOfRecord(asked.request_id, "x")
        ),
        ProblemCode.NOT_FOUND,
        "ない記録からの求め",
    )


@scenario(
    "records-flagged",
    "不開示の記録は即時に出さず、後日の回答から、不開示のものだけが除かれる",
    "REC-5",
    "REC-3",
)
async def records_flagged(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS,))
    before = await resident.asked_for_records()
    plain = answered(await resident.read_records(before.request_id), RecordsContent, "はじめの履歴")
    inquirer = Organisation(stage, ELSEWHERE)
    await inquirer.decides(DecisionPolicy.WITHHOLD, after_seconds=30)
    provider = of_municipality(resident.person.municipality_code).code
    stage.step(f"{inquirer.name}の照会が二件。一件には不開示フラグが立つ")
    shown = await inquirer.inquires("plain", resident.person, provider, TAX)
    flagged = await inquirer.inquires("flagged", resident.person, provider, RESIDENCE, flagged=True)

    stage.step("請求しても即時には回答されない")
    asked = await resident.asked_for_records()
    equal(asked.state, RequestState.WAITING, "請求の状態")
    stage.step("両方の機関に確かめた後、回答が届く")
    await resident.wait_for_records(asked.request_id)
    late = answered(await resident.read_records(asked.request_id), RecordsContent, "後日の回答")
    numbers = {record.record_id for record in late.records}
    equal(flagged in numbers, False, "不開示の記録がある")
    equal(
        numbers,
        {record.record_id for record in plain.records} | {shown},
        "後日の回答の記録（不開示のものだけがない）",
    )
    await mail.wait_for(LATE_RECORDS_MAIL)

    stage.step("機関が開示に転じると、次の請求では不開示だった記録も届く")
    await inquirer.decides(DecisionPolicy.DISCLOSE)
    again = await resident.asked_for_records()
    await resident.wait_for_records(again.request_id)
    released = answered(await resident.read_records(again.request_id), RecordsContent, "次の回答")
    equal({record.record_id for record in released.records}, numbers | {flagged}, "次の回答の記録")


@scenario("answers-taken-home", "回答をCSVとPDFで保存でき、保存すると既読になる", "FLD-5", "FLD-3")
async def taken_home(stage: Stage) -> None:
    resident, stranger = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    await resident.enter()
    await stranger.enter("りんご")
    asked = await resident.asked_for_records()
    (wanted,) = await resident.request_self_information(await _wanted(resident))
    one, other = OneRequest(asked.request_id), OneRequest(wanted.request_id)
    refused(await stranger.call(records.RECORDS_CSV, one), ProblemCode.NOT_FOUND, "他人の履歴のCSV")
    refused(
        await stranger.call(self_information.SELF_INFORMATION_PDF, other), ProblemCode.NOT_FOUND, "他人のPDF"
    )
    account = answered(await resident.view_account(), AccountView, "アカウント設定")
    equal((account.unread_records, account.unread_self_information), (1, 1), "読んでいない回答")

    stage.step("CSVで保存する")
    table = answered(await resident.call(records.RECORDS_CSV, one), bytes, "やりとり履歴のCSV")
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"), newline="")))
    answer = answered(await resident.read_records(asked.request_id), RecordsContent, "やりとり履歴")
    equal(len(rows) - 1, len(answer.records), "CSVの行の数")
    equal([row[-1] for row in rows[1:]], [each.record_id for each in answer.records], "CSVの記録の番号")
    stage.step("PDFで保存する")
    printed = answered(
        await resident.call(self_information.SELF_INFORMATION_PDF, other), bytes, "自己情報のPDF"
    )
    equal(printed[:5], b"%PDF-", "PDFのはじめ")
    account = answered(await resident.view_account(), AccountView, "アカウント設定")
    equal((account.unread_records, account.unread_self_information), (0, 0), "保存した後の、読んでいない回答")


@scenario(
    "deleted-by-hand", "利用者フォルダーから手で消せ、問い合わせ中の請求は取り下げられる", "FLD-5", "FLD-1"
)
async def deleted_by_hand(stage: Stage) -> None:
    resident, stranger = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    operator, mail = Operator(stage), MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS,))
    await stranger.enter("りんご")
    (wanted,) = await resident.request_self_information(await _wanted(resident))
    await operator.answer_late(System.NETWORK, 60)
    asked = await resident.asked_for_records()
    lying = answered(await resident.call(folder.LIST_FOLDER, Nothing()), FolderItems, "フォルダー").items
    equal({each.item_id for each in lying}, {wanted.request_id, asked.request_id}, "フォルダーにあるもの")
    kept = {each.item_id: each.kept_until for each in lying}
    equal(kept[asked.request_id], None, "問い合わせ中のものが消える日")
    equal(kept[wanted.request_id], stage.today.replace(year=stage.today.year + 1), "届いたものが消える日")

    stage.step(f"{stranger.name}には消せない")
    anothers = await stranger.call(folder.DELETE_ITEM, OneItem(wanted.request_id))
    refused(anothers, ProblemCode.NOT_FOUND, "他人のものの削除")
    stage.step("届いたものを消し、問い合わせ中のものを取り下げる")
    for request_id in (wanted.request_id, asked.request_id):
        answered(await resident.call(folder.DELETE_ITEM, OneItem(request_id)), Done, "削除")
    left = answered(await resident.call(folder.LIST_FOLDER, Nothing()), FolderItems, "フォルダー").items
    equal(left, (), "消した後のフォルダー")
    stage.step("取り下げたものの回答は、もう届かない")
    await stage.pass_time(timedelta(minutes=5))
    equal(await resident.list_records(), (), "5分後の請求")
    late = [each.subject for each in await mail.mails() if LATE_RECORDS_MAIL in each.subject]
    equal(late, [], "取り下げた請求についてのメール")
