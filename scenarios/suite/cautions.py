"""システムからの注意: mails about what somebody else may have done in one's name (ACC-4)."""

from datetime import timedelta

from portal.wire import proxies
from portal.wire.limits import MAIL_CODE_TRIES_MAX
from portal.wire.operation import Done
from portal.wire.problems import Problem
from portal.wire.proxies import OneDelegation
from portal.wire.sign_in import AccountSettings, AccountView, MailEvent, SignedIn
from portal.wire.systems import System
from scenarios.actors.delegating import for_days, registered
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal
from scenarios.registry import scenario
from scenarios.stage import Stage

HOME, NEW = "mikan@example.jp", "mikan@example.co.jp"
CAUTION = "注意のお知らせ"
WISH = (MailEvent.CAUTION,)


async def cautions(reader: MailReader, count: int, of: str, *names: str) -> None:
    """So many by now, of which the newest says this, and none of these names."""
    mails = await reader.wait_for(CAUTION, count=count)
    text = await reader.read(mails[0])
    equal(of in text, True, f"メールに「{of}」がある")
    equal([name for name in names if name in text], [], "メールにあってはならない名前")


@scenario(
    "cautions-about-proxies", "代理人の登録と終わりに、希望した人にだけ注意のメールが届く", "ACC-4", "PRX-5"
)
async def cautions_about_proxies(stage: Stage) -> None:
    mother, daughter = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    home, silent = MailReader(stage, HOME), MailReader(stage, "ringo@example.jp")
    await daughter.enter("りんご", mail=(silent.address,), events=(MailEvent.SIGN_IN,))
    await mother.enter("みかん", mail=(HOME,), events=WISH)
    delegation = await registered(mother, daughter, for_days(mother, 30))
    await cautions(home, 1, "代理人の登録", "りんご", daughter.person.family)
    stage.step("代理を終える")
    one = OneDelegation(delegation.delegation_id)
    answered(await mother.call(proxies.END_PROXY, one), Done, "代理の終了")
    await cautions(home, 2, "代理が終わりました", "りんご")
    stage.step("もう一度登録し、代理人がアカウントを閉じる")
    await registered(mother, daughter, for_days(mother, 30))
    await cautions(home, 3, "代理人の登録", "りんご")
    answered(await daughter.close_account(), Done, "代理人のアカウントの閉鎖")
    await cautions(home, 4, "代理が終わりました", "りんご")
    equal(await silent.news(), (), "希望していない人に届いたメール")


@scenario(
    "caution-of-a-new-certificate",
    "新しい電子証明書でのはじめてのログインに、注意のメールが1通届く",
    "ACC-4",
    "ACC-2",
)
async def caution_of_a_new_certificate(stage: Stage) -> None:
    resident, operator, home = Resident(stage, stage.person(0)), Operator(stage), MailReader(stage, HOME)
    await resident.enter("みかん", mail=(HOME,), events=WISH)
    await resident.sign_out()
    await resident.enter()
    await stage.pass_time(timedelta(minutes=2))
    equal(await home.news(), (), "知られた電子証明書でのログインで届いたメール")
    await operator.reissue(resident)
    await stage.pass_time(timedelta(minutes=15))
    for _ in range(2):
        await resident.sign_out()
        answered(await resident.sign_in(), SignedIn, "新しい電子証明書でのログイン")
        await cautions(home, 1, "これまでと違う電子証明書", resident.person.family)


@scenario(
    "caution-to-the-old-address", "アドレスの変更と閉鎖の注意は、それまでのアドレスに届く", "ACC-4", "ACC-5"
)
async def caution_to_the_old_address(stage: Stage) -> None:
    resident, home, new = Resident(stage, stage.person(0)), MailReader(stage, HOME), MailReader(stage, NEW)
    await resident.enter("みかん", mail=(HOME,), events=WISH)
    stage.step("メールサーバーが止まっている間に、アドレスを変え、知らせもやめる")
    await stage.stop(System.MAILBOX)
    changed = await resident.change_account(AccountSettings("みかん", (NEW,)))
    answered(changed, AccountView, "アカウント設定の変更")
    await stage.start(System.MAILBOX)
    await cautions(home, 1, "メールアドレスが変えられました", NEW)
    stage.step("新しいアドレスを確認し、アカウントを閉じる")
    await resident.confirm(new)
    answered(await resident.change_account(AccountSettings("みかん", (NEW,), WISH)), AccountView, "変更")
    answered(await resident.close_account(), Done, "アカウントの閉鎖")
    await cautions(new, 1, "アカウントが閉じられ", resident.person.family)
    equal(len(await home.news()), 1, "前のアドレスに届いたメール")


@scenario(
    "caution-of-a-locked-code", "確認番号が使えなくなると、確認の済んだアドレスに注意のメールが届く", "ACC-4"
)
async def caution_of_a_locked_code(stage: Stage) -> None:
    resident, home, new = Resident(stage, stage.person(0)), MailReader(stage, HOME), MailReader(stage, NEW)
    await resident.enter("みかん", mail=(HOME,), events=WISH)
    wished = AccountSettings("みかん", (HOME, NEW), WISH)
    answered(await resident.change_account(wished), AccountView, "アドレスの追加")
    await cautions(home, 1, "メールアドレスが変えられました", NEW)
    wrong = f"{(int(await new.newest_code()) + 1) % 10**6:06}"
    for _ in range(MAIL_CODE_TRIES_MAX):
        equal(isinstance(await resident.confirm_mail(NEW, wrong), Problem), True, "違う番号は断られる")
    await cautions(home, 2, "使えなくしました", NEW)
    equal(await new.news(), (), "確認していないアドレスに届いたメール")
