"""Journeys, residents and figures of the load, without sockets and without Locust."""

import contextlib
import random
import subprocess
import sys
from collections import Counter
from datetime import date

import msgspec
import pytest

from cards.terminal import Signed
from load.histogram import Histogram
from load.holders import CardCase, facts_of, make_ahead
from load.journeys import Visit, journeys, user_class_name
from load.journeys.disclosure import disclosure
from load.measuring import JOURNEY, LATE, REQUEST, Report, glance
from load.population import Population
from load.steps import Ask, Hand, Measured, NoAnswer, Now, Prepared, ReadyToSignIn, Sign, Wait
from portal.wire.problems import ProblemCode, problem
from sim.nation.nation import Nation
from sim.world.key_folder import key_folder

VISIT = Visit("住民0001", date(2026, 4, 1), 0)


def test_no_module_of_load_pulls_trio_into_a_locust_process() -> None:
    code = "import load.locustfile, sys; assert 'trio' not in sys.modules, 'trio'"

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_no_module_hides_another_package() -> None:
    """Locust puts the locustfile's folder in front of the module path: a name like ``cards`` there would win."""
    code = "import load, pathlib; print(*(p.stem for p in pathlib.Path(load.__path__[0]).iterdir()))"
    names = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    ours = {"portal", "sim", "cards", "scenarios", "mynasim", "load"}
    assert not ours & set(names.split())
    assert not sys.stdlib_module_names & set(names.split()) - {"__init__", "__pycache__"}


# Who comes


def test_residents_follow_from_the_seed_and_come_once() -> None:
    nation = Nation(1)
    drawn = Population(nation, 5).residents(0, 300)

    assert drawn == Population(nation, 5).residents(0, 300)
    assert drawn != Population(nation, 6).residents(0, 300)
    assert len(set(drawn)) == 300
    for n in drawn:
        person = nation.person(n)
        assert person.holds_card
        assert person.age(nation.reference_date) >= 15


def test_prefectures_send_as_many_as_they_weigh() -> None:
    nation = Nation(1)
    drawn = Population(nation, 5).residents(0, 2_000)
    prefectures = Counter(nation.person(n).municipality_code[:2] for n in drawn)

    # 東京都 has 11 % of the people, 鳥取県 0.4 %.
    assert 0.08 < prefectures["13"] / 2_000 < 0.15
    assert prefectures["31"] / 2_000 < 0.015


def test_whoever_comes_brings_the_same_companion_who_comes_for_nobody_else() -> None:
    nation = Nation(1)
    people, again = Population(nation, 5), Population(nation, 5, size=20)
    companions = [people.companion(index) for index in range(300)]

    assert companions == [Population(nation, 5).companion(index) for index in range(300)]
    assert len({*companions, *people.residents(0, 300)}) == 600
    assert all(nation.person(n).holds_card for n in companions)
    # Where the same ones come again, each still has one companion.
    pairs = {(again.resident(index), again.companion(index)) for index in range(400)}
    assert len(pairs) == len({owner for owner, _ in pairs}) == len({beside for _, beside in pairs}) == 20


def test_a_holder_signs_with_the_residents_own_key() -> None:
    make_ahead(1, 1, 1, key_folder())
    case = CardCase(facts_of(1, key_folder()), 1)
    holder = case.holder(0)

    signed = holder.sign(bytes.fromhex("3031300d060960864801650304020105000420") + bytes(32))

    assert isinstance(signed, Signed)
    assert signed.certificate == case.facts.wallet.contents(holder.n).auth_certificate
    assert holder.resident_id.split("-")[0] == case.facts.nation.person(holder.n).municipality_code


# Journeys


def test_every_journey_is_found_by_its_file() -> None:
    assert "disclosure" in journeys()
    assert user_class_name("disclosure") == "Disclosure"
    assert user_class_name("two_words") == "TwoWords"


@pytest.mark.parametrize(
    "failure", [problem(ProblemCode.OVERLOADED, "…"), NoAnswer("timed_out")], ids=["problem", "no answer"]
)
@pytest.mark.parametrize("name", [name for name, each in journeys().items() if each.signs])
def test_a_journey_that_cannot_begin_ends(name: str, failure: object) -> None:
    steps = journeys()[name].steps(VISIT)

    assert isinstance(next(steps), Prepared)
    first = steps.send(None)
    assert isinstance(first, Ask) and first.operation.name == "sign_in.challenge"
    with pytest.raises(StopIteration):
        steps.send(failure)


def _walk(fails: set[str], *, late: bool = False) -> list[str]:
    """The names of what the journey does, when the operations in *fails* fail."""
    from portal.wire import records, self_information, sign_in
    from portal.wire.disclosure import Named
    from portal.wire.moments import to_jst
    from portal.wire.records import RequestState

    moment, named = to_jst(0), Named("1" * 16, "模擬市")
    state = RequestState.WAITING if late else RequestState.ANSWERED
    kind = Named("TM00000000000002", "地方税")
    view = records.RecordsRequestView("r", state, VISIT.today, VISIT.today, moment, None, False)
    own = self_information.SelfInformationRequestView("s", state, kind, named, moment, None, False)
    answers = {
        "sign_in.challenge": sign_in.Challenge("c", b"", moment),
        "sign_in": sign_in.SignedIn("token", None, moment),
        "account.open": object(),
        "records.request": view,
        "records.view": records.RecordsRequestView(
            "r", RequestState.ANSWERED, VISIT.today, VISIT.today, moment, moment, False
        ),
        "self_information.search": self_information.Candidates(
            (self_information.Candidate(kind, named, "f", "d"),)
        ),
        "self_information.request": self_information.SelfInformationRequests((own,)),
        "self_information.view": own,
    }
    did: list[str] = []
    seconds = 0.0
    steps = disclosure(VISIT)
    answer: object = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration:
            return did
        answer = None
        match step:
            case Ask(operation, _, session):
                name = operation.name
                did.append(name)
                assert bool(session) == (not name.startswith("sign_in")), name
                answer = problem(ProblemCode.INTERNAL, "…") if name in fails else answers.get(name, object())
            case Sign():
                answer = Signed(b"", b"")
            case Wait(wait):
                seconds += wait
            case Now():
                answer = seconds
            case Measured(name, _, failure):
                did.append(f"{name}: {failure}")


def test_a_whole_visit() -> None:
    assert _walk(set()) == [
        "sign_in.challenge",
        "sign_in",
        "account.open",
        "records.request",
        "records.read",
        "self_information.search",
        "self_information.request",
        "self_information.read",
        "sign_out",
    ]


def test_records_that_fail_do_not_end_the_visit() -> None:
    did = _walk({"records.request"})

    assert "records.read" not in did
    assert did[-1] == "sign_out"
    assert "self_information.read" in did


def test_late_answers_are_waited_for_and_given_up() -> None:
    did = _walk(set(), late=True)

    assert "records.late_answer: None" in did
    assert did.index("records.view") < did.index("records.read")
    # The self-information never comes: the visit ends all the same, within its bound.
    assert "self_information.late_answer: no answer within the visit" in did
    assert did.count("self_information.view") == 61
    assert did[-1] == "sign_out"


PROXY_VISIT = VISIT._replace(companion="住民0002")
WHOLE_PROXY_VISIT = [
    "companion: sign_in", "companion: account.open", "visitor: sign_in", "visitor: account.open", "visitor: proxies.list",
    "visitor: proxies.end", "visitor: proxies.prepare", "visitor: proxies.register", "companion: proxies.act",
    "companion: records.request", "companion: records.read", "companion: proxies.stop_acting", "visitor: proxies.end",
    "visitor: sign_out", "companion: sign_out",
]  # fmt: skip


def _walk_of_two(fails: str = "") -> tuple[list[str], list[bytes]]:
    """Who does what, when the operation *fails*; and whose card signed what."""
    from portal.wire import proxies, records, sign_in
    from portal.wire.moments import to_jst
    from portal.wire.records import RequestState

    moment, today = to_jst(0), VISIT.today
    scope = proxies.Scope((proxies.Right.RECORDS,))
    left_over = proxies.DelegationView(
        "old", proxies.DelegationState.ACTIVE, "住民0002", scope, today, today, False, 1
    )
    others = msgspec.structs.replace(left_over, delegation_id="other", nickname="ほかの人")
    over = msgspec.structs.replace(left_over, delegation_id="over", state=proxies.DelegationState.ENDED)
    answers: dict[str, object] = {
        "sign_in.challenge": sign_in.Challenge("c", b"sign-in", moment),
        "proxies.list": proxies.Delegations((left_over, others, over), ()),
        "proxies.prepare": sign_in.Challenge("terms", b"terms", moment),
        "proxies.register": msgspec.structs.replace(left_over, delegation_id="new"),
        "records.request": records.RecordsRequestView(
            "r", RequestState.ANSWERED, today, today, moment, None, False
        ),
    }
    did: list[str] = []
    signed: list[bytes] = []
    ended: list[str] = []
    hand = Hand.VISITOR
    answer: object = None
    steps = journeys()["proxy"].steps(PROXY_VISIT)
    while True:
        try:
            step = steps.send(answer)
        except StopIteration:
            assert ended in ([], ["new"], ["old"], ["old", "new"])
            return did, signed
        answer = None
        match step:
            case Prepared(of):
                hand = of
            case Sign(digest_info, of):
                signed.append(of.value.encode() + b": " + digest_info)
                answer = Signed(of.value.encode(), b"")
            case Ask(operation, request, session):
                name = operation.name
                if name == "sign_in":
                    assert request.signature == hand.value.encode()
                    session = hand.value
                    answer = sign_in.SignedIn(session, None, moment)
                if name == "account.open":
                    assert request.nickname == {"visitor": "住民0001", "companion": "住民0002"}[session]
                if name == "proxies.register":
                    assert (request.signature, request.challenge) == (b"companion", "terms")
                if name == "proxies.end":
                    ended.append(request.delegation_id)
                if session:
                    did.append(f"{session}: {name}")
                answer = answer or answers.get(name, object())
                if did[-1:] == [fails]:
                    answer = problem(ProblemCode.INTERNAL, "…")


def test_one_of_two_makes_the_other_her_proxy_with_both_cards() -> None:
    """What an earlier visit left over is ended first, and nobody else's."""
    did, signed = _walk_of_two()

    assert did == WHOLE_PROXY_VISIT
    assert signed == [b"companion: sign-in", b"visitor: sign-in", b"companion: terms"]


@pytest.mark.parametrize("fails", [each for each in WHOLE_PROXY_VISIT if "proxies." in each])
def test_whatever_fails_between_the_two_both_sign_out(fails: str) -> None:
    did, _ = _walk_of_two(fails)

    assert did[-2:] == ["visitor: sign_out", "companion: sign_out"]
    granted = did.count("visitor: proxies.register") and fails != "visitor: proxies.register"
    assert did.count("visitor: proxies.end") == ("proxies.list" not in fails) + bool(granted)


def test_who_waits_for_a_notice_that_does_not_come_goes_home() -> None:
    """Where nobody knows the folder, and where the notice stays away: within its bound, and it is told."""
    from portal.wire.moments import to_jst
    from portal.wire.notice_sending import FoldersFound
    from portal.wire.notices import Notices
    from portal.wire.sign_in import SignedIn

    for exists, missing in ((False, "notices.folder_known"), (True, "notices.arrival")):
        answers: dict[str, object] = {
            "sign_in": SignedIn("token", "なまえ", to_jst(0)),
            "intermediate.check_folders": FoldersFound((exists,)),
            "notices.list": Notices((), False),
        }
        did: list[str] = []
        seconds = 0.0
        answer: object = None
        steps = journeys()["notice"].steps(VISIT._replace(nation=Nation(1), person=7))
        with contextlib.suppress(StopIteration):
            while seconds < 1_000:
                step = steps.send(answer)
                answer = None
                match step:
                    case Ask(operation):
                        did.append(operation.name)
                        answer = answers.get(operation.name, object())
                    case Prepared():
                        answer = ReadyToSignIn("c", b"", b"")
                    case Wait(wait):
                        seconds += wait
                    case Now():
                        answer = seconds
                    case Measured(name, _, failure):
                        assert (name, failure is None) == (missing, False)
                        did.append(name)
        assert missing in did and did[-1] == "sign_out" and seconds < 40
        assert "notices.open" not in did


# Figures


def test_percentiles_are_exact_to_a_thousandth() -> None:
    chance = random.Random(1)
    values = sorted(int(chance.lognormvariate(9, 2)) for _ in range(20_000))
    histogram = Histogram()
    for value in values:
        histogram.record(value)

    for percent in (1, 50, 90, 99, 99.9):
        expected = values[max(0, round(len(values) * percent / 100) - 1)]
        assert histogram.percentile(percent) == pytest.approx(expected, rel=0.0011, abs=1)
    assert histogram.percentile(100) == pytest.approx(values[-1], rel=0.0011)
    assert histogram.max_us == values[-1]
    assert Histogram().percentile(99) == 0


def test_merging_loses_nothing() -> None:
    whole, left, right = Histogram(), Histogram(), Histogram()
    for value in range(0, 3_000_000, 977):
        whole.record(value)
        (left if value % 2 else right).record(value)

    left.merge(Histogram.decode(right.encode()))

    assert left.encode() == whole.encode()


def test_a_report_crosses_to_another_process_whole() -> None:
    report = Report()
    report.record(REQUEST, "sign_in", 0.002)
    report.record(REQUEST, "sign_in", 0.004, "overloaded")
    report.record(LATE, "records.late_answer", 31.0, "no answer within the visit")
    report.record(JOURNEY, "disclosure", 0.1, "2 steps failed")
    report.users = 3
    report.end()

    again = Report.decode(report.encode())

    assert again.encode() == report.encode()
    assert again.failures == 2  # the journey fails by its steps, not besides
    shown = glance(again)
    assert (shown.requests, shown.failures, shown.journeys, shown.users) == (2, 2, 1, 3)
    again.merge(report)
    assert again.failures == 4


def test_reasons_are_bounded() -> None:
    report = Report()
    for number in range(200):
        report.record(REQUEST, "x", 0.001, f"reason {number}")

    (step,) = report.of(REQUEST)
    assert len(step.failures) <= 51
    assert step.failed == 200
