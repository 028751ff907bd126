"""ログイン: the card, its certificate and its PIN (ACC-1)."""

from datetime import date, timedelta

from cards import terminal
from cards.pins import PinName
from cards.terminal import Locked, Signed, TriesLeft, WrongPin
from portal.wire.jpki import RevocationReason
from portal.wire.problems import ProblemCode
from portal.wire.sign_in import SignedIn
from portal.wire.systems import System
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident, at_the_card
from scenarios.checking import answered, equal, refused
from scenarios.registry import scenario
from scenarios.stage import Stage
from sim.cards_desk.wallet import Issue, Wallet
from sim.jpki.authority import Authority
from sim.world.facts import FIRST_DAY

OCSP_SHOWS_AFTER = timedelta(minutes=15)
"""JPKI refreshes its OCSP data so often: a revocation shows from the next quarter of an hour on."""
PIN_TRIES = 3


async def _crl_is_at_hand(stage: Stage) -> None:
    await stage.until_seen("jpki.crl", at_most=timedelta(minutes=1))


@scenario("sign-in", "カードと暗証番号でログインする", "ACC-1", "ACC-2", "ACC-3")
async def sign_in(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    stage.step(f"{resident.name}がカードをかざし、暗証番号を入れる")
    first = answered(await resident.sign_in(), SignedIn, "はじめてのログイン")
    equal(first.nickname, None, "はじめてのログインでのニックネーム")
    await resident.register("みかん")
    await resident.sign_out()

    stage.step("もう一度ログインする")
    again = answered(await resident.sign_in(), SignedIn, "2回目のログイン")
    equal(again.nickname, "みかん", "2回目のログインでのニックネーム")


@scenario("wrong-pin", "暗証番号を間違えると残り回数が減り、3回でロックされる", "ACC-1")
async def wrong_pin(stage: Stage) -> None:
    resident = Resident(stage, stage.person(1))
    wrong = f"{(int(resident.pin) + 1) % 10_000:04}"
    for tries_left in range(PIN_TRIES - 1, 0, -1):
        stage.step(f"誤った暗証番号を入れる。カードの答え: 残り{tries_left}回")
        outcome = await resident.sign_in(pin=wrong)
        at_the_card(outcome, WrongPin(tries_left), "誤った暗証番号へのカードの答え")
    stage.step("正しい暗証番号を入れると、残り回数は元に戻る")
    answered(await resident.sign_in(), SignedIn, "正しい暗証番号でのログイン")
    resident.card.power_on()
    left = terminal.tries_left(resident.card.transmit, PinName.AUTH)
    equal(left, TriesLeft(PIN_TRIES), "ログインした後の残り回数")
    await resident.register()
    await resident.sign_out()

    stage.step("3回続けて間違える")
    for tries_left in range(PIN_TRIES - 1, 0, -1):
        at_the_card(await resident.sign_in(pin=wrong), WrongPin(tries_left), "誤った暗証番号へのカードの答え")
    at_the_card(await resident.sign_in(pin=wrong), Locked(), "3回目の誤りへのカードの答え")
    stage.step("正しい暗証番号でも、もうログインできない")
    at_the_card(await resident.sign_in(), Locked(), "ロックされたカードの答え")


@scenario("certificate-revoked", "失効した電子証明書ではログインできない", "ACC-1")
async def certificate_revoked(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    await resident.enter()
    await resident.sign_out()
    stage.step("カードをなくしたと届け出て、電子証明書が失効する")
    await operator.revoke(resident, RevocationReason.CERTIFICATE_HOLD)
    await stage.pass_time(OCSP_SHOWS_AFTER)

    stage.step("拾った人がログインしようとする")
    refused(await resident.sign_in(), ProblemCode.CERTIFICATE_REVOKED, "失効した電子証明書でのログイン")
    equal(resident.session, None, "開いたセッション")


@scenario("certificate-expired", "有効期間を過ぎた電子証明書ではログインできない", "ACC-1")
async def certificate_expired(stage: Stage) -> None:
    resident = Resident(stage, stage.person(2), issued=Issue(0, date(2018, 1, 15)))
    stage.step("引き出しにあった古いカードを使う")
    refused(await resident.sign_in(), ProblemCode.CERTIFICATE_EXPIRED, "期限切れの電子証明書でのログイン")


@scenario("certificate-of-unknown-ca", "知らない認証局の電子証明書ではログインできない", "ACC-1")
async def certificate_of_unknown_ca(stage: Stage) -> None:
    facts = stage.facts
    forger = Authority(b"an authority that nobody trusts", facts.keys)
    wallet = Wallet(facts.nation, forger, facts.keys, FIRST_DAY)
    resident = Resident(stage, stage.person(1), wallet=wallet)
    stage.step("同じ名前の、別の認証局が発行したカードを使う")
    refused(await resident.sign_in(), ProblemCode.CERTIFICATE_REFUSED, "知らない認証局のカードでのログイン")


@scenario("signature-certificate", "署名用電子証明書ではログインできない", "ACC-1")
async def signature_certificate(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    challenge = await resident.ask_challenge()
    stage.step("署名用の鍵と電子証明書で答える")
    resident.card.power_on()
    password = stage.facts.wallet.pins(resident.person.n).sign
    signed = answered(
        terminal.sign(resident.card.transmit, password, challenge.digest_info), Signed, "署名用の鍵での署名"
    )
    refused(
        await resident.present(challenge, signed),
        ProblemCode.CERTIFICATE_REFUSED,
        "署名用電子証明書でのログイン",
    )


@scenario("signature-over-another-challenge", "別の手続きへの署名ではログインできない", "ACC-1")
async def signature_over_another_challenge(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    asked, other = await resident.ask_challenge(), await resident.ask_challenge()
    stage.step("二つ目の手続きに署名し、一つ目の手続きとして送る")
    signed = answered(resident.sign(other), Signed, "カードの署名")
    refused(await resident.present(asked, signed), ProblemCode.SIGNATURE_REFUSED, "別の手続きへの署名")
    answered(await resident.present(other, signed), SignedIn, "正しい手続きとして送り直したログイン")


@scenario("challenge-replayed", "一度使った署名は二度使えない", "ACC-1")
async def challenge_replayed(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    challenge = await resident.ask_challenge()
    signed = answered(resident.sign(challenge), Signed, "カードの署名")
    answered(await resident.present(challenge, signed), SignedIn, "1回目のログイン")
    stage.step("盗み見た同じ答えを、もう一度送る")
    thief = resident.another_window()
    refused(await thief.present(challenge, signed), ProblemCode.CHALLENGE_USED, "同じ答えでの2回目のログイン")
    equal(thief.session, None, "盗んだ人のセッション")


@scenario("challenge-expired", "時間の過ぎた手続きではログインできない", "ACC-1")
async def challenge_expired(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    challenge = await resident.ask_challenge()
    signed = answered(resident.sign(challenge), Signed, "カードの署名")
    stage.step("5分席を外す")
    await stage.pass_time(timedelta(minutes=5))
    refused(await resident.present(challenge, signed), ProblemCode.CHALLENGE_EXPIRED, "時間の過ぎたログイン")


@scenario("challenge-forged", "ポータルが出していない手続きではログインできない", "ACC-1")
async def challenge_forged(stage: Stage) -> None:
    resident = Resident(stage, stage.person(0))
    challenge = await resident.ask_challenge()
    signed = answered(resident.sign(challenge), Signed, "カードの署名")
    text = challenge.challenge
    forged = type(challenge)(
        ("A" if text[0] != "A" else "B") + text[1:], challenge.digest_info, challenge.expires_at
    )
    refused(await resident.present(forged, signed), ProblemCode.CHALLENGE_UNKNOWN, "作り変えた手続き")


@scenario("ocsp-down-fresh-crl", "OCSPが答えないとき、期限内の失効リストで確かめる", "ACC-1")
async def ocsp_down_fresh_crl(stage: Stage) -> None:
    resident, other, operator = (
        Resident(stage, stage.person(0)),
        Resident(stage, stage.person(1)),
        Operator(stage),
    )
    for each in (resident, other):
        await each.enter()
        await each.sign_out()
    await _crl_is_at_hand(stage)
    stage.step(f"{other.name}の電子証明書が失効し、翌日の失効リストに載る")
    await operator.revoke(other, RevocationReason.KEY_COMPROMISE)
    lists = stage.seen("jpki.crl")
    await stage.pass_time(timedelta(days=1))
    await stage.until_seen("jpki.crl", count=lists + 1, at_most=timedelta(hours=7))
    stage.step("公的個人認証サービスが止まる")
    await operator.stop(System.JPKI)

    answered(await resident.sign_in(), SignedIn, "失効リストで確かめたログイン")
    refused(
        await other.sign_in(), ProblemCode.CERTIFICATE_REVOKED, "失効リストに載った電子証明書でのログイン"
    )


@scenario("ocsp-down-no-crl", "OCSPも期限内の失効リストもないとき、ログインを断る", "ACC-1")
async def ocsp_down_no_crl(stage: Stage) -> None:
    resident, operator = Resident(stage, stage.person(0)), Operator(stage)
    await resident.enter()
    await resident.sign_out()
    stage.step("公的個人認証サービスが止まったまま3日たつ")
    await operator.stop(System.JPKI)
    await stage.pass_time(timedelta(days=3))
    problem = refused(
        await resident.sign_in(), ProblemCode.REVOCATION_UNKNOWN, "失効を確かめられないログイン"
    )
    equal(problem.retry_after_seconds is not None, True, "いつ試し直すかが示される")

    stage.step("動き出すと、またログインできる")
    await operator.resume(System.JPKI)
    answered(await resident.sign_in(), SignedIn, "動き出した後のログイン")
