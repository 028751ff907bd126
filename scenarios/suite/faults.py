"""故障: nothing that was accepted is lost when a system goes away at a bad moment (DESIGN.md)."""

from datetime import timedelta

from portal.wire.records import RecordsContent, RequestState
from portal.wire.self_information import SelfInformationContent
from portal.wire.sign_in import MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered, equal
from scenarios.registry import scenario
from scenarios.stage import Stage
from sim.faults.vocabulary import Crash, CutOff

ADDRESS = "mikan@example.jp"
LATE_MAIL = "やりとり履歴の回答が届きました"


@scenario(
    "portal-stops-before-delivery",
    "受け付けてから届くまでにポータルが止まっても、失われない",
    "REC-3",
    "SELF-6",
    "FLD-3",
)
async def portal_stops_before_delivery(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS, MailEvent.LATE_SELF_INFORMATION))
    (found, *_) = await resident.search(name="住民票")
    await operator.answer_late(System.NETWORK, 60)
    await operator.stop(System.INTERMEDIATE)
    asked = await resident.asked_for_records()
    (wanted,) = await resident.request_self_information(found)
    equal((asked.state, wanted.state), (RequestState.WAITING, RequestState.WAITING), "二つの請求の状態")
    stage.step("ポータルが止まり、その間に回答が用意される")
    await stage.stop(System.PORTAL)
    await operator.resume(System.INTERMEDIATE)
    await stage.pass_time(timedelta(minutes=5))
    stage.step("ポータルがまた起動する")
    await stage.start(System.PORTAL)
    await mail.wait_for(LATE_MAIL)
    await mail.wait_for("あなたの情報の回答が届きました")
    await resident.enter()
    await resident.wait_for_records(asked.request_id)
    answered(await resident.read_records(asked.request_id), RecordsContent, "やりとり履歴")
    await resident.wait_for_self_information(wanted.request_id)
    content = await resident.read_self_information(wanted.request_id)
    answered(content, SelfInformationContent, "自己情報")
    equal(len(await mail.news()), 2, "届いたメールの数（二度は届かない）")


@scenario(
    "portal-stops-before-asking", "受け付けた直後、問い合わせる前にポータルが止まっても失われない", "REC-3"
)
async def portal_stops_before_asking(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(1)), Operator(stage)
    await resident.enter()
    await operator.stop(System.NETWORK)
    asked = await resident.asked_for_records()
    stage.step("コアシステムに伝わらないうちに、ポータルが止まる")
    await stage.stop(System.PORTAL)
    await operator.resume(System.NETWORK)
    await stage.start(System.PORTAL)
    stage.step("ポータルが起動し直し、問い合わせる。セッションも残っている")
    await resident.wait_for_records(asked.request_id)
    answered(await resident.read_records(asked.request_id), RecordsContent, "やりとり履歴")


@scenario("core-stops-before-push", "後日回答を約束したコアシステムが止まっても、起動すると届ける", "REC-3")
async def core_stops_before_push(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(1)), Operator(stage)
    await resident.enter()
    await operator.answer_late(System.NETWORK, 60)
    asked = await resident.asked_for_records()
    equal(asked.state, RequestState.WAITING, "請求の状態")
    stage.step("約束したコアシステムのプロセスがなくなり、5分後に起動する")
    await stage.stop(System.NETWORK)
    await stage.pass_time(timedelta(minutes=5))
    await stage.start(System.NETWORK)
    await resident.wait_for_records(asked.request_id)
    answered(await resident.read_records(asked.request_id), RecordsContent, "やりとり履歴")


@scenario(
    "intermediate-stops-before-answer", "受け付けた中間サーバーが止まっても、起動すると答える", "SELF-6"
)
async def intermediate_stops_before_answer(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    await resident.enter()
    (found, *_) = await resident.search(name="住民票")
    await stage.stop(System.INTERMEDIATE)
    (wanted,) = await resident.request_self_information(found)
    stage.step("ポータルが止まり、中間サーバーは受け付けるが、届けられない")
    await stage.stop(System.PORTAL)
    await stage.start(System.INTERMEDIATE)
    await stage.pass_time(timedelta(minutes=1))
    await stage.until_seen("intermediate.provide_self_information", at_most=timedelta(minutes=10))
    stage.step("中間サーバーも受け付けたまま止まる。どちらも起動し直す")
    await stage.stop(System.INTERMEDIATE)
    await stage.start(System.PORTAL)
    await stage.start(System.INTERMEDIATE)
    await resident.wait_for_self_information(wanted.request_id)
    content = await resident.read_self_information(wanted.request_id)
    answered(content, SelfInformationContent, "自己情報")


@scenario("mailbox-down", "メールサーバーが止まっていても、動いてからメールが届く", "ACC-6", "REC-3")
async def mailbox_down(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS,))
    await operator.answer_late(System.NETWORK, 60)
    stage.step("メールサーバーが止まる")
    await stage.stop(System.MAILBOX)
    asked = await resident.asked_for_records()
    await resident.wait_for_records(asked.request_id)
    await stage.pass_time(timedelta(minutes=10))
    stage.step("回答は届いている。メールサーバーが動き出す")
    await stage.start(System.MAILBOX)
    await mail.wait_for(LATE_MAIL, at_most=timedelta(minutes=15))


@scenario(
    "portal-stops-with-mail-waiting", "メールを出せないままポータルが止まっても、メールは失われない", "ACC-6"
)
async def portal_stops_with_mail_waiting(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    mail = MailReader(stage, ADDRESS)
    await resident.enter(mail=(ADDRESS,), events=(MailEvent.SIGN_IN,))
    await resident.sign_out()
    await stage.stop(System.MAILBOX)
    await resident.enter()
    stage.step("メールサーバーもポータルも止まり、起動し直す")
    await stage.stop(System.PORTAL)
    await stage.start(System.MAILBOX)
    await stage.start(System.PORTAL)
    await mail.wait_for("ログインのお知らせ", at_most=timedelta(minutes=15))


@scenario(
    "organisation-cut-off",
    "一つの機関だけが分断されても、ほかの機関の回答は届き、直れば残りも届く",
    "SELF-6",
    "SELF-4",
)
async def organisation_cut_off(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(2)), Operator(stage)
    await resident.enter()
    found = await resident.search(name="地方税関係情報")
    away, near = sorted(found, key=lambda each: each.organisation.name != "栃木県小山市")
    stage.step("小山市の中間サーバーに届かなくなる")
    cut = CutOff(organisation=away.organisation.code)
    await operator.trigger(cut)
    later, at_once = await resident.request_self_information(away, near)
    equal((later.state, at_once.state), (RequestState.WAITING, RequestState.ANSWERED), "二つの求めの状態")
    stage.step("ポータルが落ちて起動し、分断が直る")
    crash = Crash(System.PORTAL, 0, False, 0)
    await operator.trigger(crash)
    await operator.relieve(crash)
    await operator.relieve(cut)
    await resident.wait_for_self_information(later.request_id)
