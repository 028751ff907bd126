"""代理人: registered with two cards, looking after somebody's folder, and the end of it (PRX-1…7)."""

from datetime import timedelta
from typing import Any

import trio

from portal.wire import history, proxies
from portal.wire.history import Action, HistoryLines, HistoryQuery, Operator, Service
from portal.wire.operation import Done, Nothing
from portal.wire.problems import ProblemCode
from portal.wire.proxies import ChangeDelegation, DelegationState, DelegationView, OneDelegation, Right, Scope
from portal.wire.records import RecordsContent
from portal.wire.self_information import SelfInformationContent
from scenarios.actors.delegating import act, for_days, register, registered
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.municipality import Municipality, words
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal, refused
from scenarios.registry import scenario
from scenarios.stage import Stage

ADDRESS = "ringo@example.jp"
NOTICE = "検診のお知らせ"
Deed = tuple[Service, Action]


async def two(stage: Stage, mail: tuple[str, ...] = ()) -> tuple[Resident, Resident]:
    """Mother and daughter, at one terminal."""
    mother, daughter = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
    await daughter.enter("りんご", mail=mail)
    await mother.enter("みかん")
    return mother, daughter


async def deeds_of_proxies(owner: Resident) -> list[Deed]:
    """Of the newest page, oldest first."""
    found = await owner.call(history.SEARCH_HISTORY, HistoryQuery(operator=Operator.PROXY))
    lines = answered(found, HistoryLines, f"{owner.name}の操作履歴").lines
    return [(line.service, line.action) for line in reversed(lines)]


async def state_of(owner: Resident, delegation: DelegationView) -> DelegationState:
    listed = answered(await owner.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "代理人の一覧")
    return next(each.state for each in listed.proxies if each.delegation_id == delegation.delegation_id)


@scenario(
    "proxy-looks-after", "娘が母の代理人になり、まかされたものだけを見て、すべて母の履歴に残る",
    "PRX-1", "PRX-3", "PRX-4", "PRX-7", "FLD-1", "HIS-2",
)  # fmt: skip
async def proxy_looks_after(stage: Stage) -> None:
    mail = MailReader(stage, ADDRESS)
    mother, daughter = await two(stage, (ADDRESS,))
    granted, kept = (await mother.search())[:2]
    (open_to_both,) = await mother.request_self_information(granted)
    (mothers_own,) = await mother.request_self_information(kept)
    for each in (open_to_both, mothers_own):
        await mother.wait_for_self_information(each.request_id)

    stage.step("母のログイン中に、娘のカードで同意して登録する")
    scope = Scope(
        (Right.RECORDS, Right.SELF_INFORMATION, Right.NOTICES),
        (granted.information.code,),
        mail=True,
        memo="入院のあいだ",
    )
    delegation = await registered(mother, daughter, for_days(mother, 90, scope))
    listed = answered(await daughter.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
    equal([(each.nickname, each.scope.memo) for each in listed.owners], [("みかん", "")], "娘に見える代理")

    stage.step("お知らせが届き、娘にもメールが届く")
    town = Municipality(stage, mother.person)
    await town.send(mother, words(NOTICE, town.in_days(90)))
    notice = await mother.wait_for_notice(NOTICE)
    (told,) = await mail.wait_for("代理をしている方")
    equal(NOTICE in await mail.read(told), False, "メールにお知らせの件名がある")

    stage.step("娘が代理人として見る")
    answered(await act(daughter, delegation.delegation_id), proxies.Acting, "代理人として見る")
    await daughter.opened_notice(notice.notice_id)
    asked = await daughter.asked_for_records()
    await daughter.wait_for_records(asked.request_id)
    answered(await daughter.read_records(asked.request_id), RecordsContent, "娘が読むやりとり履歴")
    read = await daughter.read_self_information(open_to_both.request_id)
    answered(read, SelfInformationContent, "娘が読む、まかされた情報")
    stage.step("まかされていないものは、ないのと同じで、母の名ですることはできない")
    hidden = await daughter.read_self_information(mothers_own.request_id)
    refused(hidden, ProblemCode.NOT_FOUND, "まかされていない情報")
    visible = [each.request_id for each in await daughter.list_self_information()]
    equal(visible, [open_to_both.request_id], "娘に見える請求")
    refused(await daughter.view_account(), ProblemCode.FORBIDDEN, "母のアカウント設定")
    refused(await daughter.delete_notice(notice.notice_id), ProblemCode.FORBIDDEN, "母のお知らせの削除")

    stage.step("母の履歴に、代理人の操作として残っている")
    deeds = await deeds_of_proxies(mother)
    wanted: list[Deed] = [
        (Service.PROXIES, Action.SIGN_IN),
        (Service.NOTICES, Action.VIEW),
        (Service.RECORDS, Action.REQUEST),
        (Service.RECORDS, Action.VIEW),
        (Service.SELF_INFORMATION, Action.VIEW),
    ]
    equal([each for each in wanted if each not in deeds], [], "母の履歴に残っていない、娘の操作")
    stage.step("娘が自分の画面に戻って先に帰っても、母がまだ見ていないものは残る")
    answered(await daughter.call(proxies.STOP_ACTING, Nothing()), proxies.Acting, "自分の画面に戻る")
    equal(await deeds_of_proxies(daughter), [], "娘の履歴にある、代理人の操作")
    await daughter.sign_out()
    unopened = [each.notice_id for each in await mother.list_notices(unopened=True)]
    equal(unopened, [notice.notice_id], "母がまだ見ていないお知らせ")


@scenario(
    "proxy-changed-and-ended", "まかせる範囲を変え、代理を終えると、見ている途中でもすぐに効く",
    "PRX-3", "PRX-4", "PRX-6", "FLD-1",
)  # fmt: skip
async def proxy_changed_and_ended(stage: Stage) -> None:
    mother, daughter = await two(stage)
    delegation = await registered(mother, daughter, for_days(mother, 60))
    this = OneDelegation(delegation.delegation_id)
    answered(await act(daughter, delegation.delegation_id), proxies.Acting, "代理人として見る")
    equal(await daughter.list_records(), (), "母のやりとり履歴の請求")
    stage.step("母が範囲を変える")
    change = ChangeDelegation(delegation.delegation_id, Scope((Right.NOTICES,)), delegation.end)
    answered(await mother.call(proxies.CHANGE_PROXY, change), DelegationView, "範囲の変更")
    equal(await daughter.list_notices(), (), "母のお知らせ")
    refused(await daughter.request_records(), ProblemCode.FORBIDDEN, "外された範囲の請求")
    stage.step("期限が近づき、二人の画面に注意が出る")
    await stage.pass_time(timedelta(days=35))
    await mother.enter()
    await daughter.enter()
    for who, side in ((mother, "proxies"), (daughter, "owners")):
        listed = answered(await who.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
        equal([each.ends_soon for each in getattr(listed, side)], [True], f"{who.name}への注意")
    stage.step("娘が見ている間に、母が終える")
    answered(await act(daughter, delegation.delegation_id), proxies.Acting, "代理人として見る")
    answered(await mother.call(proxies.END_PROXY, this), Done, "代理の終了")
    gone = await daughter.call(proxies.VIEW_ACTING, Nothing())
    state = answered(gone, proxies.Acting, "誰の代理か").delegation
    equal(None if state is None else state.state, DelegationState.ENDED, "娘の画面に出る状態")
    refused(await daughter.request_records(), ProblemCode.FORBIDDEN, "終わった代理での請求")
    answered(await daughter.call(proxies.STOP_ACTING, Nothing()), proxies.Acting, "自分の画面に戻る")
    await daughter.asked_for_records()
    equal(len(await mother.list_records()), 0, "娘の請求は、母のフォルダーに入らない")


@scenario(
    "proxy-ended-by-both-at-once", "本人と代理人が同時に終えても、終わりは一つ", "PRX-3", "PRX-7", "HIS-2"
)
async def proxy_ended_by_both_at_once(stage: Stage) -> None:
    mother, daughter = await two(stage)
    delegation = await registered(mother, daughter, for_days(mother, 60))
    this = OneDelegation(delegation.delegation_id)
    stage.step("母は終え、娘は辞める。同時に")
    outcomes: dict[str, Any] = {}

    async def end() -> None:
        outcomes["母"] = await mother.call(proxies.END_PROXY, this)

    async def withdraw() -> None:
        outcomes["娘"] = await daughter.call(proxies.WITHDRAW_PROXY, this)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end)
        nursery.start_soon(withdraw)
    equal(sorted(outcomes.items()), [("娘", Done()), ("母", Done())], "二人への答え")
    found = await mother.call(
        history.SEARCH_HISTORY, HistoryQuery(service=Service.PROXIES, action=Action.END)
    )
    operators = [line.operator for line in answered(found, HistoryLines, "母の操作履歴").lines]
    first = {DelegationState.ENDED: Operator.SELF, DelegationState.WITHDRAWN: Operator.PROXY}
    equal(operators, [first[await state_of(mother, delegation)]], "履歴に残る、先に終えた人")


@scenario(
    "proxy-wrong-cards", "自分のカードや、登録のない人のカードでは、代理人になれない",
    "PRX-1", "PRX-2", "PRX-5",
)  # fmt: skip
async def proxy_wrong_cards(stage: Stage) -> None:
    mother, daughter = await two(stage)
    son, stranger = Resident(stage, stage.person(2)), Resident(stage, stage.person(3))
    await son.enter("ぶどう")
    terms = for_days(mother, 60)
    own = await register(mother, mother.another_window(), terms)
    refused(own, ProblemCode.UNPROCESSABLE, "自分のカード")
    refused(await register(mother, stranger, terms), ProblemCode.UNPROCESSABLE, "登録のない人のカード")
    long = for_days(mother, 2 * 366 + 1)
    refused(await register(mother, daughter, long), ProblemCode.PERIOD_REFUSED, "2年をこえる期間")
    stage.step("娘と息子を、二人とも代理人にする")
    await registered(mother, daughter, terms)
    await registered(mother, son, terms)
    refused(await register(mother, daughter, terms), ProblemCode.CONFLICT, "娘をもう一度")
    stage.step("2か月たつと、どちらも終わる")
    await stage.pass_time(timedelta(days=61))
    await mother.enter()
    listed = answered(await mother.call(proxies.LIST_PROXIES, Nothing()), proxies.Delegations, "一覧")
    equal({each.state for each in listed.proxies}, {DelegationState.EXPIRED}, "2か月後の代理")
