"""アカウント: one for each person, a nickname, mail wishes (ACC-2, 3, 4, 5, 6)."""

from datetime import date, timedelta

import trio

from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode
from portal.wire.sign_in import AccountSettings, AccountView, MailEvent, SignedIn
from portal.wire.systems import System
from scenarios.actors.mail_reader import CODE_MAIL, MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import Mismatch, answered, equal, refused
from scenarios.registry import scenario
from scenarios.stage import Stage

HOME, WORK = "mikan@example.jp", "mikan@example.co.jp"
SIGN_IN_MAIL = "ログインのお知らせ"


@scenario("first-sign-in", "はじめてのログインでアカウントが開かれ、登録までは何も使えない", "ACC-2", "ACC-3")
async def first_sign_in(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    signed_in = answered(await resident.sign_in(), SignedIn, "はじめてのログイン")
    equal(signed_in.nickname, None, "登録前のニックネーム")
    stage.step("登録しないまま、やりとり履歴を請求する")
    refused(await resident.request_records(), ProblemCode.ACCOUNT_NEEDED, "登録前の請求")
    stage.step("ニックネームを決めて登録する")
    account = answered(await resident.register("みかん"), AccountView, "利用者登録")
    equal(account.nickname, "みかん", "登録したニックネーム")
    await resident.asked_for_records()

    stage.step("もう一度登録しようとする")
    refused(await resident.register("りんご"), ProblemCode.ACCOUNT_EXISTS, "2回目の利用者登録")
    again = answered(await resident.view_account(), AccountView, "アカウント設定")
    equal(again, account_as_seen(again, account), "2回目の登録の後のアカウント")


def account_as_seen(now: AccountView, before: AccountView) -> AccountView:
    """The account as it was, with the counts of unread answers as they are now."""
    return AccountView(
        before.nickname,
        before.mail_addresses,
        before.mail_events,
        before.opened_at,
        now.unread_records,
        now.unread_self_information,
        before.unconfirmed,
    )


@scenario("renewed-certificate", "電子証明書を更新しても、同じアカウントに入る", "ACC-2")
async def renewed_certificate(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(3)), Operator(stage)
    await resident.enter("すだち")
    waiting = await resident.asked_for_records()
    await resident.sign_out()
    stage.step("2か月たち、窓口で電子証明書を更新する（7月12日までの証明書）")
    await stage.pass_time(timedelta(days=60))
    old_card = resident.card
    await operator.reissue(resident)
    await stage.pass_time(timedelta(minutes=15))

    stage.step("新しい電子証明書でログインする")
    again = answered(await resident.sign_in(), SignedIn, "新しい電子証明書でのログイン")
    equal(again.nickname, "すだち", "新しい電子証明書で入ったアカウントのニックネーム")
    equal(
        [each.request_id for each in await resident.list_records()], [waiting.request_id], "フォルダーの請求"
    )

    stage.step("古い電子証明書を使う")
    other = resident.another_window()
    other.card = old_card
    refused(await other.sign_in(), ProblemCode.CERTIFICATE_REVOKED, "古い電子証明書でのログイン")


@scenario("expired-then-renewed", "期限が切れてから更新しても、同じアカウントに入る", "ACC-1", "ACC-2")
async def expired_then_renewed(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(3)), Operator(stage)
    await resident.enter("すだち")
    await resident.sign_out()
    stage.step("更新しないまま、7月12日の期限が過ぎる")
    await stage.pass_time(timedelta(days=(date(2026, 7, 13) - stage.today).days))
    refused(await resident.sign_in(), ProblemCode.CERTIFICATE_EXPIRED, "期限の過ぎた電子証明書でのログイン")
    stage.step("窓口で更新する")
    await operator.reissue(resident)
    await stage.pass_time(timedelta(minutes=15))
    again = answered(await resident.sign_in(), SignedIn, "更新した電子証明書でのログイン")
    equal(again.nickname, "すだち", "更新した電子証明書で入ったアカウントのニックネーム")


@scenario("two-windows-at-once", "二つの窓から同時に登録しても、アカウントは一つ", "ACC-2")
async def two_windows_at_once(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    windows = [resident, resident.another_window(), resident.another_window()]
    for window in windows:
        answered(await window.sign_in(), SignedIn, "はじめてのログイン")
    stage.step("三つの窓で同時に、別々のニックネームで登録する")
    outcomes: dict[str, object] = {}

    async def register(window: Resident, nickname: str) -> None:
        outcomes[nickname] = await window.register(nickname)

    async with trio.open_nursery() as nursery:
        for window, nickname in zip(windows, ("みかん", "りんご", "ぶどう"), strict=True):
            nursery.start_soon(register, window, nickname)
    opened = [nickname for nickname, outcome in outcomes.items() if isinstance(outcome, AccountView)]
    if len(opened) != 1:
        raise Mismatch("同時の登録で開いたアカウント", "一つ", opened)
    for outcome in outcomes.values():
        if not isinstance(outcome, AccountView):
            refused(outcome, ProblemCode.ACCOUNT_EXISTS, "遅れた窓での登録")
    stage.step("どの窓も同じアカウントを見ている")
    for window in windows:
        account = answered(await window.view_account(), AccountView, "アカウント設定")
        equal(account.nickname, opened[0], "窓に出るニックネーム")


@scenario("nickname-required", "ニックネームは必須で、改行などは使えない", "ACC-3")
async def nickname_required(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    answered(await resident.sign_in(), SignedIn, "はじめてのログイン")
    for nickname in ("", " ", "　", "み\nかん", "\u2028", "み" * 31):
        problem = refused(
            await resident.register(nickname), ProblemCode.UNPROCESSABLE, f"ニックネーム{nickname!r}での登録"
        )
        equal(problem.field, "$.nickname", "誤りの場所")
    answered(await resident.register("み" * 30), AccountView, "30文字のニックネームでの登録")
    await resident.sign_out()
    again = answered(await resident.sign_in(), SignedIn, "2回目のログイン")
    equal(again.nickname, "み" * 30, "ログインで示されるニックネーム")


@scenario("mail-at-sign-in", "希望した人にだけ、ログインのメールが二つのアドレスに届く", "ACC-4", "ACC-6")
async def mail_at_sign_in(stage: Stage) -> None:
    resident, other = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    home, work = MailReader(stage, HOME), MailReader(stage, WORK)
    silent = MailReader(stage, "silent@example.jp")
    await resident.enter("みかん", mail=(HOME, WORK), events=(MailEvent.SIGN_IN,))
    await other.enter("りんご", mail=(silent.address,))
    for each in (resident, other):
        await each.sign_out()
        await each.enter()
    stage.step("希望した人の二つのアドレスに、1通ずつ届く")
    for reader in (home, work):
        (mail,) = await reader.wait_for(SIGN_IN_MAIL)
        text = await reader.read(mail)
        equal("みかん さん" in text, True, "メールにニックネームがある")
        equal(resident.person.family in text, False, "メールに氏名がある")
    equal(await silent.news(), (), "希望していない人に届いたメール")


@scenario("mail-wishes-changed", "メールの希望は後から変えられ、アドレスは二つまで", "ACC-4", "ACC-5")
async def mail_wishes_changed(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    home, work = MailReader(stage, HOME), MailReader(stage, WORK)
    await resident.enter("みかん", mail=(HOME,), events=(MailEvent.SIGN_IN,))
    stage.step("アドレスを三つ入れる")
    three = AccountSettings("みかん", (HOME, WORK, "third@example.jp"), (MailEvent.SIGN_IN,))
    refused(await resident.change_account(three), ProblemCode.UNPROCESSABLE, "三つのアドレス")
    twice = AccountSettings("みかん", (HOME, HOME), (MailEvent.SIGN_IN,))
    refused(await resident.change_account(twice), ProblemCode.UNPROCESSABLE, "同じアドレスを二つ")
    stage.step("アドレスを変える")
    changed = answered(
        await resident.change_account(AccountSettings("ゆず", (WORK,), (MailEvent.SIGN_IN,))),
        AccountView,
        "アカウント設定の変更",
    )
    equal((changed.nickname, changed.mail_addresses), ("ゆず", (WORK,)), "変えた後の設定")
    equal(changed.unconfirmed, (WORK,), "確認を待っているアドレス")
    await resident.confirm(work)
    await resident.sign_out()
    again = answered(await resident.sign_in(), SignedIn, "2回目のログイン")
    equal(again.nickname, "ゆず", "変えた後のニックネーム")
    await work.wait_for(SIGN_IN_MAIL)
    equal(await home.news(), (), "やめたアドレスに届いたメール")

    stage.step("メールをやめる")
    outcome = await resident.change_account(AccountSettings("ゆず", (WORK,)))
    equal(isinstance(outcome, Problem), False, "メールをやめる")
    await resident.sign_out()
    await resident.enter()
    await stage.pass_time(timedelta(minutes=1))
    equal(len(await work.news()), 1, "やめた後に増えていないメール")


@scenario("mail-wish-withdrawn", "出せずに待っていたメールは、希望をやめれば送られない", "ACC-4", "ACC-5")
async def mail_wish_withdrawn(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    home, work = MailReader(stage, HOME), MailReader(stage, WORK)
    await resident.enter("みかん", mail=(HOME,), events=(MailEvent.SIGN_IN,))
    await resident.sign_out()
    stage.step("メールサーバーが止まっている間にログインする")
    await stage.stop(System.MAILBOX)
    await resident.enter()

    async def tried() -> bool:
        return stage.seen("smtp.mail", "deferred") > 0

    await stage.until(tried, at_most=timedelta(minutes=1), what="メールを送ろうとして、送れない")
    stage.step("別のアドレスに変え、ログインのメールをやめる")
    wishes = AccountSettings("みかん", (WORK,), (MailEvent.LATE_RECORDS,))
    answered(await resident.change_account(wishes), AccountView, "アカウント設定の変更")
    await stage.start(System.MAILBOX)
    await stage.pass_time(timedelta(minutes=15))
    equal((await home.news(), await work.news()), ((), ()), "希望をやめた後に届いたメール")


@scenario("mail-address-confirmed", "メールは、確認番号を入れたアドレスにだけ届く", "ACC-4", "ACC-6")
async def mail_address_confirmed(stage: Stage) -> None:
    resident, home = Resident(stage, stage.person(0)), MailReader(stage, HOME)
    answered(await resident.sign_in(), SignedIn, "はじめてのログイン")
    opened = answered(
        await resident.register("みかん", mail=(HOME,), events=(MailEvent.SIGN_IN,)),
        AccountView,
        "利用者登録",
    )
    equal(opened.unconfirmed, (HOME,), "確認を待っているアドレス")
    stage.step("確認しないままログインしなおす")
    await resident.sign_out()
    await resident.enter()
    code = await home.newest_code()
    await stage.pass_time(timedelta(minutes=2))
    equal(await home.news(), (), "確認していないアドレスに届いたメール")
    stage.step("違う番号を入れる")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    refused(await resident.confirm_mail(HOME, wrong), ProblemCode.CODE_REFUSED, "違う確認番号")
    refused(await resident.confirm_mail(WORK, code), ProblemCode.NOT_FOUND, "登録していないアドレスの確認")
    stage.step("正しい番号を入れる")
    confirmed = answered(await resident.confirm_mail(HOME, code), AccountView, "確認番号")
    equal(confirmed.unconfirmed, (), "確認を待っているアドレス")
    await resident.sign_out()
    await resident.enter()
    await home.wait_for(SIGN_IN_MAIL)


@scenario("mail-code-over", "確認番号は5回間違えるか1時間たつと使えず、送りなおせる", "ACC-4")
async def mail_code_over(stage: Stage) -> None:
    resident, home = Resident(stage, stage.person(0)), MailReader(stage, HOME)
    answered(await resident.sign_in(), SignedIn, "はじめてのログイン")
    answered(await resident.register("みかん", mail=(HOME,)), AccountView, "利用者登録")
    code = await home.newest_code()
    refused(await resident.send_mail_code(HOME), ProblemCode.TOO_MANY, "すぐに送りなおす")
    stage.step("5回間違える")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(4):
        refused(await resident.confirm_mail(HOME, wrong), ProblemCode.CODE_REFUSED, "違う確認番号")
    refused(await resident.confirm_mail(HOME, wrong), ProblemCode.CODE_OVER, "5回目の違う確認番号")
    refused(await resident.confirm_mail(HOME, code), ProblemCode.CODE_OVER, "使い切った確認番号")
    stage.step("新しい番号を送り、1時間置く")
    await stage.pass_time(timedelta(minutes=2))
    answered(await resident.send_mail_code(HOME), Done, "確認番号を送りなおす")
    await home.wait_for(CODE_MAIL, count=2)
    late = await home.newest_code()
    await resident.sign_out()
    await stage.pass_time(timedelta(minutes=61))
    await resident.enter()
    refused(await resident.confirm_mail(HOME, late), ProblemCode.CODE_OVER, "1時間を過ぎた確認番号")
    stage.step("もう一度送り、入れる")
    answered(await resident.send_mail_code(HOME), Done, "確認番号を送りなおす")
    await home.wait_for(CODE_MAIL, count=3)
    await resident.confirm(home)


@scenario(
    "account-closed", "閉じたアカウントは何も残さず、同じ人が新しく始められる", "ACC-5", "ACC-2", "FLD-1"
)
async def account_closed(stage: Stage) -> None:
    resident, operator, home = Resident(stage, stage.person(0)), Operator(stage), MailReader(stage, HOME)
    await resident.enter("みかん", mail=(HOME,), events=(MailEvent.LATE_RECORDS,))
    other = resident.another_window()
    await other.enter()
    stage.step("回答を待ったまま、アカウントを閉じる")
    await operator.answer_late(System.NETWORK, 120)
    asked = await resident.asked_for_records()
    answered(await resident.close_account(), Done, "アカウントを閉じる")
    for window in (resident, other):
        refused(await window.view_account(), ProblemCode.NOT_SIGNED_IN, "閉じた後の画面")
    await operator.resume(System.NETWORK)
    await stage.pass_time(timedelta(minutes=20))
    equal(await home.news(), (), "閉じた後に届いたメール")
    stage.step("またログインすると、はじめての登録からになる")
    again = answered(await resident.sign_in(), SignedIn, "閉じた後のログイン")
    equal(again.nickname, None, "閉じた後のニックネーム")
    opened = answered(await resident.register("りんご"), AccountView, "新しい登録")
    equal((opened.mail_addresses, opened.mail_events), ((), ()), "新しいアカウントの設定")
    equal(await resident.list_records(), (), "新しいフォルダーの中身")
    refused(await resident.view_records(asked.request_id), ProblemCode.NOT_FOUND, "閉じる前の請求")
