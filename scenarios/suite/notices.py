"""お知らせとアンケート: sent by a municipality, opened and answered in the portal (NOT-1…7, FLD-4, FLD-5, ACC-6)."""

from datetime import timedelta

from portal.wire import notice_sending as sending
from portal.wire import notices
from portal.wire.disclosure import Attachment
from portal.wire.notice_sending import NoticeSend, RecipientState, SendState
from portal.wire.notices import NoticeState, Question, QuestionKind, Questionnaire, ServiceLink
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.sign_in import MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.municipality import EVENTS, Municipality, laid, words
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, holds, refused
from scenarios.registry import scenario
from scenarios.stage import Stage
from sim.nation.person import Person

ADDRESS = "mikan@example.jp"
SWEPT_WITHIN = timedelta(minutes=15)
TITLE = "予防接種のお知らせ"
RECEIPT = Attachment("領収書.pdf", "application/pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n")
ASKED = (
    Question("希望する曜日を選んでください。", QuestionKind.CHOICE, True, ("月曜日", "水曜日", "土曜日")),
    Question("心配なことがあれば書いてください。", QuestionKind.TEXT, False),
    Question("受けたい日はいつですか。", QuestionKind.DATE, True),
)


async def _two(stage: Stage) -> tuple[Resident, Municipality]:
    """Somebody with a folder, and the municipality where she lives."""
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    return resident, Municipality(stage, resident.person)


def neighbours(stage: Stage, person: Person, number: int) -> list[int]:
    """So many others of her municipality, by 宛名番号."""
    here = stage.facts.nation.residents_of(person.municipality_code)
    return [n for n in here[: number + 1] if n != person.n][:number]


@scenario(
    "notice-arrives",
    "お知らせが届き、メールで分かり、開くと送り主に伝わる",
    "NOT-1",
    "NOT-3",
    "NOT-4",
    "NOT-7",
    "ACC-6",
)
async def notice_arrives(stage: Stage) -> None:
    resident, mail = Resident(stage, stage.person(0)), MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.NOTICE,))
    town = Municipality(stage, resident.person)
    stage.step(f"{town.body.name}の職員が、お知らせを送る")
    content = words(
        TITLE,
        town.in_days(90),
        service=ServiceLink("予約のページ", "https://example.jp/yoyaku"),
        payment_url="https://pay.example.jp/?n=1",
        attachments=(RECEIPT,),
    )
    send = await town.send(resident, content)
    await mail.wait_for("お知らせが届きました")
    seen = await resident.wait_for_notice(TITLE)
    equal((seen.state, seen.sender.name), (NoticeState.UNOPENED, town.body.name), "届いたお知らせ")
    laid(await town.wait_for(send, SendState.SENT), 1)
    stage.step("職員が開封状況を見る。まだ開かれていない")
    equal((await town.poll(send)).opened, 0, "開封の数")
    stage.step(f"{resident.name}が開き、添付の領収書を受け取る")
    opened = await resident.opened_notice(seen.notice_id)
    equal(
        (opened.service, opened.payment_url),
        (content.service, content.payment_url),
        "手続への案内と支払いのURL",
    )
    file = await resident.call(notices.FETCH_ATTACHMENT, notices.OneAttachment(seen.notice_id, "0"))
    equal(file, RECEIPT, "添付ファイル")
    equal((await town.poll(send)).opened, 1, "開封の数")
    (recipient,) = await town.recipients(send)
    equal((recipient.person, recipient.state), (resident.person.n, RecipientState.OPENED), "宛先の状態")


@scenario("notice-affair-not-allowed", "法令にない事務のお知らせは送れない", "NOT-1")
async def notice_affair_not_allowed(stage: Stage) -> None:
    resident, town = await _two(stage)
    stage.step("番号法の別表にも条例にもない事務で送ろうとする")
    content = words("夏祭りのご案内", town.in_days(30))
    refused(
        await town.try_to_send(resident.person, content, affair=EVENTS),
        ProblemCode.NOT_PERMITTED,
        "行事の案内",
    )
    stage.step("ほかの機関の事務で送ろうとする")
    pension = "JM90000000000010"
    refused(
        await town.try_to_send(resident.person, content, affair=pension),
        ProblemCode.NOT_PERMITTED,
        "年金の事務のお知らせ",
    )
    equal(await resident.list_notices(), (), "お知らせの一覧")


@scenario("notice-folders", "送る前に、フォルダーのある人かどうかを確かめる", "NOT-2")
async def notice_folders(stage: Stage) -> None:
    resident, town = await _two(stage)
    without = stage.facts.nation.person(neighbours(stage, resident.person, 1)[0])

    async def known() -> bool:
        return (await town.have_folders([resident.person, without])) == (True, False)

    await stage.until(known, at_most=timedelta(minutes=5), what="フォルダーの有無が分かる")
    stage.step("フォルダーのない人に送っても、届かなかったと分かる")
    send = await town.send(without, words(TITLE, town.in_days(30)))
    laid(await town.wait_for(send, SendState.SENT), 0, 1)
    (recipient,) = await town.recipients(send)
    equal(recipient.state, RecipientState.WITHOUT_FOLDER, "宛先の状態")
    stage.step("いない人の番号は、受け付けない")
    nobody = sending.CheckFolders(town.code, (134_000_000,))
    refused(await town.call(sending.CHECK_FOLDERS, nobody), ProblemCode.NOT_FOUND, "いない人のフォルダー")


@scenario(
    "notice-retention", "お知らせは、読んでも読まなくても、送り主が決めた期限まで残る", "FLD-4", "NOT-5"
)
async def notice_retention(stage: Stage) -> None:
    resident, town = await _two(stage)
    await town.send(resident, words("読むお知らせ", town.in_days(30)))
    await town.send(resident, words("読まないお知らせ", town.in_days(30)))
    read = await resident.wait_for_notice("読むお知らせ")
    await resident.wait_for_notice("読まないお知らせ")
    await resident.opened_notice(read.notice_id)
    stage.step("読んでからログアウトしても、消えない")
    await resident.sign_out()
    await resident.enter()
    equal(len(await resident.list_notices()), 2, "ログアウトの後のお知らせの数")
    await resident.sign_out()
    stage.step("保存期限の日が終わる前")
    await stage.pass_time(timedelta(days=30))
    await resident.enter()
    equal(len(await resident.list_notices()), 2, "期限の日のお知らせの数")
    await resident.sign_out()
    stage.step("保存期限の次の日")
    await stage.pass_time(timedelta(days=1))
    await stage.pass_time(SWEPT_WITHIN)
    await resident.enter()

    async def nothing_left() -> bool:
        return await resident.list_notices() == ()

    await stage.until(nothing_left, at_most=timedelta(minutes=1), what="期限の後のお知らせが消える")
    refused(await resident.open_notice(read.notice_id), ProblemCode.NOT_FOUND, "期限の後に開く")
    stage.step("過ぎた保存期限では送れない")
    past = words(TITLE, stage.today - timedelta(days=1))
    refused(await town.try_to_send(resident.person, past), ProblemCode.PERIOD_REFUSED, "過ぎた保存期限")


@scenario("notice-deleted", "お知らせを手で削除する", "FLD-5", "FLD-1")
async def notice_deleted(stage: Stage) -> None:
    resident, town = await _two(stage)
    stranger = Resident(stage, stage.person(1))
    await stranger.enter("りんご")
    send = await town.send(resident, words(TITLE, town.in_days(30)))
    seen = await resident.wait_for_notice(TITLE)
    stage.step("他人には、あることも分からない")
    for outcome in (
        await stranger.open_notice(seen.notice_id),
        await stranger.delete_notice(seen.notice_id),
    ):
        refused(outcome, ProblemCode.NOT_FOUND, "他人のお知らせ")
    stage.step("開いて、削除する。開いたことは送り主に伝わる")
    await resident.opened_notice(seen.notice_id)
    answered(await resident.delete_notice(seen.notice_id), Done, "お知らせの削除")
    equal(await resident.list_notices(), (), "削除した後の一覧")
    refused(await resident.open_notice(seen.notice_id), ProblemCode.NOT_FOUND, "削除したお知らせ")
    equal((await town.poll(send)).opened, 1, "開封の数")


@scenario("notice-cancelled", "送ったお知らせを取り消す", "NOT-6")
async def notice_cancelled(stage: Stage) -> None:
    resident, town = await _two(stage)
    first = await town.send(resident, words("開いたお知らせ", town.in_days(30)))
    second = await town.send(resident, words("開かないお知らせ", town.in_days(30)))
    read = await resident.wait_for_notice("開いたお知らせ")
    unread = await resident.wait_for_notice("開かないお知らせ")
    await resident.opened_notice(read.notice_id)
    stage.step("送り主が二つとも取り消す")
    for send in (first, second):
        answered(await town.cancel(send), NoticeSend, "取り消し")
        await town.wait_for(send, SendState.CANCELLED)

    async def gone() -> bool:
        titles = [(each.title, each.state) for each in await resident.list_notices()]
        return titles == [("開いたお知らせ", NoticeState.WITHDRAWN)]

    await stage.until(gone, at_most=timedelta(minutes=5), what="開かないお知らせが消える")
    refused(await resident.open_notice(unread.notice_id), ProblemCode.NOT_FOUND, "取り消されたお知らせ")
    equal((await resident.opened_notice(read.notice_id)).text, "", "取り消されたお知らせの本文")


@scenario("questionnaire", "アンケートに答え、直し、送り主が回収する", "NOT-4")
async def questionnaire(stage: Stage) -> None:
    resident, town = await _two(stage)
    stranger = Resident(stage, stage.person(1))
    await stranger.enter("りんご")
    asked = Questionnaire(ASKED, town.moment(days=10), town.moment(days=20))
    send = await town.send(resident, words(TITLE, town.in_days(60), questionnaire=asked))
    seen = await resident.wait_for_notice(TITLE)
    opened = await resident.opened_notice(seen.notice_id)
    equal((opened.questionnaire, opened.can_answer, opened.answers), (asked, True, None), "アンケート")
    stage.step("足りない回答と、選択肢にない回答は受け付けない")
    for answers in ((("月曜日",), (), ()), (("日曜日",), (), ("2026-05-01",))):
        outcome = await resident.answer(seen.notice_id, *answers)
        refused(outcome, ProblemCode.UNPROCESSABLE, "誤りのある回答")
    stage.step("他人のアンケートには答えられない")
    mine = (("月曜日",), ("😀 こわいです",), ("2026-05-01",))
    refused(await stranger.answer(seen.notice_id, *mine), ProblemCode.NOT_FOUND, "他人のアンケート")
    answered(await resident.answer(seen.notice_id, *mine), notices.NoticeView, "回答")
    stage.step("期限までは直せる")
    changed = (("土曜日",), (), ("2026-05-02",))
    answered(await resident.answer(seen.notice_id, *changed), notices.NoticeView, "直した回答")
    equal((await resident.opened_notice(seen.notice_id)).answers, changed, "見える回答")
    stage.step("送り主が回収する")
    equal((await town.poll(send)).answered, 1, "回答の数")
    (recipient,) = await town.recipients(send)
    equal((recipient.state, recipient.answers), (RecipientState.ANSWERED, changed), "回収した回答")
    stage.step("回答期限の後は、直せない")
    await resident.sign_out()
    await stage.pass_time(timedelta(days=10))
    await resident.enter()
    refused(await resident.answer(seen.notice_id, *mine), ProblemCode.PERIOD_REFUSED, "期限の後の回答")
    equal((await resident.opened_notice(seen.notice_id)).can_answer, False, "期限の後に答えられるか")
    stage.step("回収期限の後は、ポータルに回答が残らない")
    await resident.sign_out()
    await stage.pass_time(timedelta(days=10))
    await stage.pass_time(SWEPT_WITHIN)
    await resident.enter()

    async def dropped() -> bool:
        return (await resident.opened_notice(seen.notice_id)).answers is None

    await stage.until(dropped, at_most=timedelta(minutes=1), what="回収期限の後に回答が消える")


@scenario("notice-order", "つながらないことがあっても、順番どおりに一度だけ届く", "NOT-1")
async def notice_order(stage: Stage) -> None:
    resident, town = await _two(stage)
    titles = [f"{number}番目のお知らせ" for number in range(1, 6)]
    for number, title in enumerate(titles):
        await town.send(resident, words(title, town.in_days(30)))
        if number == 1:
            stage.step("情報提供ネットワークのプロセスがなくなる")
            await stage.stop(System.NETWORK)
        if number == 2:
            stage.step("中間サーバーも起動し直す")
            await stage.stop(System.INTERMEDIATE)
            await stage.start(System.INTERMEDIATE)
    stage.step("情報提供ネットワークがまた起動する")
    await stage.start(System.NETWORK)
    await resident.wait_for_notice(titles[-1])
    equal([each.title for each in reversed(await resident.list_notices())], titles, "届いた順番")


@scenario("notice-same-key", "同じ送信を二度頼んでも、一度だけ送られる", "NOT-1", "NOT-6")
async def notice_same_key(stage: Stage) -> None:
    resident, town = await _two(stage)
    content = words(TITLE, town.in_days(30))
    first = await town.send(resident, content, key="2026-001")
    again = await town.send(resident, content, key="2026-001")
    equal(again.send_id, first.send_id, "送信番号")
    other = words("別のお知らせ", town.in_days(30))
    refused(
        await town.try_to_send(resident.person, other, key="2026-001"),
        ProblemCode.CONFLICT,
        "同じ key の別のお知らせ",
    )
    await town.wait_for(first, SendState.SENT)
    await resident.wait_for_notice(TITLE)
    equal(len(await resident.list_notices()), 1, "届いたお知らせの数")


@scenario("notice-bulk", "一括送信は、途中で止まっても続きから送れて、全員に一度ずつ届く", "NOT-1", "NOT-6")
async def notice_bulk(stage: Stage) -> None:
    resident, town = await _two(stage)
    people = [resident.person.n, *neighbours(stage, resident.person, 1_999)]
    file = "\r\n".join(["宛名番号", *(f"{n:015d}" for n in people)]).encode()
    half = len(file) // 2
    send = await town.open_send(words(TITLE, town.in_days(30)))
    answered(await town.put(send, 0, file[:half]), NoticeSend, "前半")
    stage.step("中間サーバーが途中で止まり、また起動する")
    await stage.stop(System.INTERMEDIATE)
    await stage.start(System.INTERMEDIATE)
    resumed = await town.view(send)
    equal(resumed.received_bytes, half, "受け取ってあるバイト数")
    stage.step("続きから送り、確定する")
    refused(await town.put(send, half + 1, b"1"), ProblemCode.CONFLICT, "飛んだ続き")
    answered(await town.put(send, half, file[half:]), NoticeSend, "後半")
    confirmed = await town.confirm(send)
    equal((confirmed.state, confirmed.recipients), (SendState.SENDING, len(people)), "確定した送信")
    stage.step("送っている間に、ポータルが起動し直す")
    await stage.stop(System.PORTAL)
    await stage.start(System.PORTAL)
    done = await town.wait_for(send, SendState.SENT)
    laid(done, 1, len(people) - 1)
    await resident.enter()
    equal([each.title for each in await resident.list_notices()], [TITLE], "届いたお知らせ")


@scenario("notice-bulk-bad-line", "1行でも誤りがあれば1件も送らず、行と列を示す", "NOT-1")
async def notice_bulk_bad_line(stage: Stage) -> None:
    resident, town = await _two(stage)
    lines = [
        "宛名番号,件名",
        f"{resident.person.n:015d},",
        "12a,三行目",
        f"{neighbours(stage, resident.person, 1)[0]:015d},",
    ]
    send = await town.send_file(words(TITLE, town.in_days(30)), "\n".join(lines).encode())
    equal((send.state, send.mistakes), (SendState.REFUSED, 1), "誤りのある一括送信")
    (mistake,) = send.first_mistakes
    equal((mistake.line, mistake.column, mistake.field), (3, 1, "宛名番号"), "誤りの場所")
    stage.step("同じ機関の次の送信は、妨げられない")
    await town.send(resident, words("次のお知らせ", town.in_days(30)))
    await resident.wait_for_notice("次のお知らせ")
    equal(len(await resident.list_notices()), 1, "届いたお知らせの数")


@scenario("notice-over-cap", "上限を超える一括送信は断られ、後ろの送信は止まらない", "NOT-1", "NOT-6")
async def notice_over_cap(stage: Stage) -> None:
    resident, town = await _two(stage)
    await town.configure("small")
    listed = answered(
        await town.call(sending.LIST_SENDS, sending.ListSends(town.code)), sending.NoticeSends, "送信の一覧"
    )
    over = listed.cap + 1
    file = "\n".join(["宛名番号", *(str(n) for n in neighbours(stage, resident.person, over))]).encode()
    send = await town.send_file(words("多すぎるお知らせ", town.in_days(30)), file)
    equal(send.state, SendState.REFUSED, "上限を超えた送信")
    holds("件まで" in (send.reason or ""), "断った理由", expected="上限の件数", seen=send.reason)
    await town.send(resident, words("後ろのお知らせ", town.in_days(30)))
    await resident.wait_for_notice("後ろのお知らせ")
    listed = answered(
        await town.call(sending.LIST_SENDS, sending.ListSends(town.code)), sending.NoticeSends, "送信の一覧"
    )
    equal([each.title for each in listed.sends], ["後ろのお知らせ", "多すぎるお知らせ"], "送信の一覧")
