"""よくある質問 and お問い合わせ, and what stands of them in the history (FAQ-1, FAQ-2, HIS-1, HIS-2)."""

from portal.wire import history, inquiries
from portal.wire.history import Action, HistoryLines, HistoryQuery, Service
from portal.wire.inquiries import InquiryContent, InquiryKind, InquiryState, InquiryView, SendInquiry
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.sign_in import MailEvent
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, refused
from scenarios.registry import scenario
from scenarios.stage import Stage

ADDRESS = "mikan@example.jp"
TEXT = "回答の通知が届きません。\n設定を教えてください。"


@scenario(
    "inquiry-answered", "お問い合わせの回答が、フォルダーとメールに届く", "FAQ-1", "FAQ-2", "ACC-6", "FLD-2"
)
async def inquiry_answered(stage: Stage) -> None:
    resident, operator, mail = Resident(stage, stage.person(0)), Operator(stage), MailReader(stage, ADDRESS)
    await resident.enter("みかん", mail=(ADDRESS,), events=(MailEvent.INQUIRY_ANSWERED,))
    stage.step("まず、よくある質問を探す")
    found = await resident.call(inquiries.SEARCH_FAQ, inquiries.SearchFaq("メール"))
    entries = answered(found, inquiries.FaqEntries, "よくある質問").entries
    equal("mail-code" in [each.faq_id for each in entries], True, "「メール」で見つかる質問")
    stage.step("お問い合わせを2度送る（送信ボタンの二度押し）")
    wanted = SendInquiry(InquiryKind.NOTICES, TEXT, "once")
    sent = answered(await resident.call(inquiries.SEND_INQUIRY, wanted), InquiryView, "お問い合わせ")
    again = answered(await resident.call(inquiries.SEND_INQUIRY, wanted), InquiryView, "同じお問い合わせ")
    equal(again, sent, "二度目のお問い合わせ")
    (waiting,) = await operator.waiting_inquiries()
    equal((waiting.inquiry_id, waiting.text), (sent.inquiry_id, TEXT), "窓口に届いたお問い合わせ")

    stage.step("運用者が答える")
    outcome = await operator.answer_inquiry(sent.inquiry_id, "アカウント設定で選べます。")
    answered(outcome, Done, "お問い合わせの回答")
    refused(await operator.answer_inquiry(sent.inquiry_id, "もう一度"), ProblemCode.CONFLICT, "二度目の回答")
    (news,) = await mail.wait_for("お問い合わせの回答")
    equal("アカウント設定で選べます" in await mail.read(news), False, "メールに回答の中身がある")
    one = inquiries.OneInquiry(sent.inquiry_id)
    read = answered(await resident.call(inquiries.READ_INQUIRY, one), InquiryContent, "回答を読む")
    equal((read.text, read.answer), (TEXT, "アカウント設定で選べます。"), "お問い合わせと回答")
    equal((read.inquiry.state, read.inquiry.read), (InquiryState.ANSWERED, True), "お問い合わせの状態")


@scenario("inquiry-of-another", "他人のお問い合わせは、ないのと同じ", "FAQ-2", "FLD-1", "FLD-5")
async def inquiry_of_another(stage: Stage) -> None:
    resident, other, operator = (
        Resident(stage, stage.person(0)), Resident(stage, stage.person(1)), Operator(stage),
    )  # fmt: skip
    await resident.enter("みかん")
    await other.enter("りんご")
    wanted = SendInquiry(InquiryKind.OTHER, TEXT)
    sent = answered(await resident.call(inquiries.SEND_INQUIRY, wanted), InquiryView, "お問い合わせ")
    one = inquiries.OneInquiry(sent.inquiry_id)
    refused(await other.call(inquiries.READ_INQUIRY, one), ProblemCode.NOT_FOUND, "他人が読む")
    refused(await other.call(inquiries.DELETE_INQUIRY, one), ProblemCode.NOT_FOUND, "他人が削除する")
    refused(
        await other.call(inquiries.LIST_FOR_DESK, inquiries.ListForDesk()), ProblemCode.NOT_SIGNED_IN, "窓口"
    )
    stage.step("本人が削除する")
    answered(await resident.call(inquiries.DELETE_INQUIRY, one), Done, "お問い合わせの削除")
    equal(await operator.waiting_inquiries(), (), "窓口に残ったお問い合わせ")
    refused(
        await operator.answer_inquiry(sent.inquiry_id, "答え"), ProblemCode.NOT_FOUND, "消えたものへの回答"
    )


@scenario("history-of-deeds", "したことが、操作履歴に残る", "HIS-1", "HIS-2", "FLD-1")
async def history_of_deeds(stage: Stage) -> None:
    resident, other = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    await resident.enter("みかん")
    await other.enter("りんご")
    asked = await resident.asked_for_records()
    await resident.wait_for_records(asked.request_id)
    await resident.read_records(asked.request_id)
    await resident.sign_out()
    await resident.enter()

    async def deeds(who: Resident, query: HistoryQuery) -> list[tuple[Service, Action]]:
        outcome = await who.call(history.SEARCH_HISTORY, query)
        lines = answered(outcome, HistoryLines, "操作履歴").lines
        equal([line.at for line in lines], sorted((line.at for line in lines), reverse=True), "新しい順")
        return [(line.service, line.action) for line in lines]

    every = await deeds(resident, HistoryQuery())
    wanted = [
        (Service.SIGN_IN, Action.SIGN_IN),
        (Service.ACCOUNT, Action.REGISTER),
        (Service.RECORDS, Action.REQUEST),
        (Service.RECORDS, Action.VIEW),
        (Service.SIGN_IN, Action.SIGN_OUT),
    ]
    equal([each for each in wanted if each not in every], [], "残っていない操作")
    equal(every.count((Service.SIGN_IN, Action.SIGN_IN)), 2, "ログインの回数")
    stage.step("条件を決めて探す")
    equal(
        await deeds(resident, HistoryQuery(service=Service.RECORDS, action=Action.REQUEST)),
        [(Service.RECORDS, Action.REQUEST)],
        "やりとり履歴の請求だけ",
    )
    stage.step("ほかの人の履歴には出ない")
    equal((Service.RECORDS, Action.REQUEST) in await deeds(other, HistoryQuery()), False, "他人の操作履歴")
    other.session = None
    refused(
        await other.call(history.SEARCH_HISTORY, HistoryQuery()), ProblemCode.NOT_SIGNED_IN, "ログインせずに"
    )
