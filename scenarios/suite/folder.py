"""利用者フォルダー: whose it is, what it keeps, for how long (FLD-1, 2, 3)."""

from datetime import timedelta

from portal.wire import records, self_information
from portal.wire.operation import AnyOperation, Nothing
from portal.wire.problems import ProblemCode
from portal.wire.records import OneRequest, RecordsContent, RequestState
from portal.wire.self_information import SelfInformationContent
from portal.wire.sign_in import VIEW_ACCOUNT, MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, refused
from scenarios.registry import scenario
from scenarios.stage import Stage

ADDRESS = "mikan@example.jp"
SWEPT_WITHIN = timedelta(minutes=15)
"""The portal looks every ten minutes for what is to be deleted."""


async def _two_answers(resident: Resident) -> tuple[str, str]:
    """One answer of each kind, unread."""
    asked = await resident.asked_for_records()
    (found, *_) = await resident.search(name="住民票")
    (wanted,) = await resident.request_self_information(found)
    equal((asked.state, wanted.state), (RequestState.ANSWERED, RequestState.ANSWERED), "二つの請求の状態")
    return asked.request_id, wanted.request_id


@scenario("anothers-folder", "他人の請求は、あることも分からない", "FLD-1")
async def anothers_folder(stage: Stage) -> None:
    owner, stranger = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    await owner.enter()
    await stranger.enter("りんご")
    asked, wanted = await _two_answers(owner)
    stage.step(f"{stranger.name}が、{owner.name}の請求の番号を使う")
    attempts: list[tuple[AnyOperation, str]] = [
        (records.VIEW_RECORDS_REQUEST, asked),
        (records.READ_RECORDS, asked),
        (self_information.VIEW_SELF_INFORMATION_REQUEST, wanted),
        (self_information.READ_SELF_INFORMATION, wanted),
    ]
    for operation, request_id in attempts:
        anothers = await stranger.call(operation, OneRequest(request_id))
        equal(refused(anothers, ProblemCode.NOT_FOUND, f"他人の{operation.name}").status, 404, "状態コード")
        # The very same words as for what does not exist: nothing can be learned from them.
        equal(
            anothers,
            await stranger.call(operation, OneRequest("a" * 24)),
            f"存在しない{operation.name}との違い",
        )
    equal(await stranger.list_records(), (), f"{stranger.name}の請求の一覧")
    stage.step("本人は読める。他人が触れたことで既読にはなっていない")
    equal((await owner.wait_for_records(asked)).read, False, "既読のしるし")
    answered(await owner.read_records(asked), RecordsContent, "本人のやりとり履歴")


@scenario("no-session", "ログインしていなければ何も使えない", "FLD-1", "ACC-1")
async def no_session(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    refused(
        await resident.call(VIEW_ACCOUNT, Nothing()), ProblemCode.NOT_SIGNED_IN, "ログイン前のアカウント設定"
    )
    await resident.enter()
    session = resident.session
    await resident.sign_out()
    stage.step("ログアウトした窓の合言葉を使う")
    resident.session = session
    refused(await resident.request_records(), ProblemCode.NOT_SIGNED_IN, "ログアウトした後の請求")
    resident.session = "x" * 43
    refused(await resident.request_records(), ProblemCode.NOT_SIGNED_IN, "でたらめな合言葉での請求")


@scenario("read-is-gone-at-sign-out", "読んだものはログアウトで消え、読んでいないものは残る", "FLD-3")
async def read_is_gone_at_sign_out(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    read, _ = await _two_answers(resident)
    unread, kept = await _two_answers(resident)
    answered(await resident.read_records(read), RecordsContent, "読むやりとり履歴")
    await resident.sign_out()
    stage.step("もう一度ログインする")
    await resident.enter()
    equal([each.request_id for each in await resident.list_records()], [unread], "残ったやりとり履歴の請求")
    refused(await resident.read_records(read), ProblemCode.NOT_FOUND, "消えたやりとり履歴を読む")
    equal(
        kept in [each.request_id for each in await resident.list_self_information()],
        True,
        "読んでいない自己情報",
    )
    stage.step("残ったものを読んで、またログアウトする")
    answered(await resident.read_records(unread), RecordsContent, "残ったやりとり履歴")
    answered(await resident.read_self_information(kept), SelfInformationContent, "残った自己情報")
    await resident.sign_out()
    await resident.enter()
    equal(await resident.list_records(), (), "やりとり履歴の請求")
    equal(len(await resident.list_self_information()), 1, "読んでいない自己情報の数")


@scenario("unread-is-gone-after-a-year", "読まれないまま1年たつと消える", "FLD-3")
async def unread_is_gone_after_a_year(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    asked, wanted = await _two_answers(resident)
    await resident.sign_out()
    stage.step("364日たつ")
    await stage.pass_time(timedelta(days=364))
    await stage.pass_time(SWEPT_WITHIN)
    await resident.enter()
    equal([each.request_id for each in await resident.list_records()], [asked], "364日後のやりとり履歴")
    equal([each.request_id for each in await resident.list_self_information()], [wanted], "364日後の自己情報")
    await resident.sign_out()
    stage.step("もう1日たち、1年になる")
    await stage.pass_time(timedelta(days=1))

    async def empty() -> bool:
        await resident.enter()
        return not (await resident.list_records() or await resident.list_self_information())

    await stage.until(empty, at_most=SWEPT_WITHIN, what="1年たった回答が消える")


@scenario("left-without-signing-out", "ログアウトせずに席を離れても、読んだものは消える", "FLD-3")
async def left_without_signing_out(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    read, _ = await _two_answers(resident)
    unread, _ = await _two_answers(resident)
    answered(await resident.read_records(read), RecordsContent, "読むやりとり履歴")
    stage.step("29分後はまだログインしている")
    await stage.pass_time(timedelta(minutes=29))
    equal(len(await resident.list_records()), 2, "29分後のやりとり履歴の請求の数")
    stage.step("そのまま席を離れ、30分たつ")
    await stage.pass_time(timedelta(minutes=31))
    refused(await resident.request_records(), ProblemCode.NOT_SIGNED_IN, "30分後の請求")
    resident.session = None

    async def only_unread() -> bool:
        await resident.enter()
        left = [each.request_id for each in await resident.list_records()]
        await resident.sign_out()
        return left == [unread]

    await stage.pass_time(SWEPT_WITHIN)
    equal(await only_unread(), True, "読んでいないものだけが残る")


@scenario("answer-after-sign-out", "ログアウトした後に届いた回答は、次のログインまで残る", "FLD-3", "REC-3")
async def answer_after_sign_out(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS,))
    await operator.answer_late(System.NETWORK, 300)
    request = await resident.asked_for_records()
    stage.step("回答を待たずにログアウトする")
    await resident.sign_out()
    await mail.wait_for("やりとり履歴の回答が届きました")
    await resident.enter()
    answered(
        await resident.read_records(request.request_id), RecordsContent, "次のログインで読むやりとり履歴"
    )
    await resident.sign_out()
    await resident.enter()
    equal(await resident.list_records(), (), "読んでログアウトした後の請求")
