"""The vocabulary: plans survive a file, every kind can be drawn or named, the live side says what it can't do."""

import msgspec
import pytest

from portal.wire.controls import Mode
from portal.wire.intermediate import PROVIDE_SELF_INFORMATION, ProvideSelfInformation
from portal.wire.systems import System
from scenarios.explorer import drawing, registry
from sim.faults import areas, live
from sim.faults.vocabulary import (
    BY_NAME,
    KINDS,
    CertificateRevoked,
    Crash,
    CutOff,
    Late,
    Loss,
    Plan,
    Shape,
    Stopped,
    Way,
)
from sim.faults.weather import drawn_ms
from sim.jpki.serials import Serials
from sim.nation.municipalities import MUNICIPALITIES

CHIYODA = "0000113101600001"


def test_a_plan_is_the_same_after_a_file() -> None:
    for seed in range(40):
        plan = drawing.draw(seed).plan
        assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_every_kind_comes_about_in_some_case() -> None:
    drawn = {planned.fault.kind for seed in range(200) for planned in drawing.draw(seed).plan}

    assert drawn == set(BY_NAME)
    assert len(BY_NAME) == len(KINDS)
    assert set(registry.DRAWS) >= drawn


@pytest.mark.parametrize("shape", Shape)
def test_delays_lie_above_their_least(shape: Shape) -> None:
    delays = [drawn_ms(shape, 10, 1_000, number / 1000) for number in range(1000)]

    assert min(delays) >= 10
    assert delays == sorted(delays)
    assert max(delays) > 500


@pytest.mark.parametrize("kind", sorted(set(BY_NAME) - set(live.LIVE_KINDS)))
def test_what_exists_in_simulated_time_only_is_refused_with_words(kind: str) -> None:
    with pytest.raises(live.NotLive, match="mynasim explore"):
        live.check(kind)


def test_a_fault_that_there_is_not_is_refused() -> None:
    with pytest.raises(live.NotLive, match="ありません"):
        live.check("earthquake")


def test_live_orders_undo_each_other() -> None:
    serials = Serials(b"seed")
    for fault in (Stopped(System.JPKI), Late(60), CutOff(prefecture="13"), CutOff(organisation=CHIYODA)):
        begun, ended = live.begins(fault, serials), live.ends(fault)
        assert [order.operation for order in begun] == [order.operation for order in ended]
        assert {order.request.mode for order in begun} <= {Mode.STOPPED, Mode.LATE}
        assert {order.request.mode for order in ended} == {Mode.NORMAL}


def test_the_lgwan_is_all_municipalities() -> None:
    assert len(live.begins(CutOff(lgwan=True), Serials(b"seed"))) == len(MUNICIPALITIES)


@pytest.mark.parametrize(
    "fault",
    [Stopped(System.MAILBOX), CutOff(way=Way.IN, lgwan=True), CutOff(), CutOff(prefecture="99"), Loss(1, 1)],
)
def test_what_no_operator_can_do_is_refused(fault: Stopped | CutOff | Loss) -> None:
    with pytest.raises(live.NotLive):
        live.begins(fault, Serials(b"seed"))


def test_a_revocation_is_not_taken_back() -> None:
    with pytest.raises(live.NotLive, match="元に戻せません"):
        live.ends(CertificateRevoked(1))


@pytest.mark.parametrize(
    ("fault", "stopped"),
    [
        (CutOff(organisation=CHIYODA), True),
        (CutOff(prefecture="13"), True),
        (CutOff(prefecture="27"), False),
        (CutOff(lgwan=True), True),
        (CutOff(lgwan=True, way=Way.OUT), False),
        (CutOff(lgwan=True, way=Way.IN), True),
    ],
)
def test_a_message_stops_at_the_border_of_its_organisation(fault: CutOff, stopped: bool) -> None:
    request = ProvideSelfInformation("r", CHIYODA, "0" * 32, "TM00000000000002")
    wire = PROVIDE_SELF_INFORMATION.encode_request(request)

    border = areas.stops(fault, System.NETWORK, System.INTERMEDIATE, PROVIDE_SELF_INFORMATION)

    assert border is not None
    assert border(wire) is stopped
    assert areas.stops(fault, System.PORTAL, System.NETWORK, PROVIDE_SELF_INFORMATION) is None


def test_a_crash_names_its_moment_in_storage_operations() -> None:
    assert msgspec.json.decode(
        b'{"fault":"crash","system":"portal","after_operations":3,"after_write":true,"down_ms":10}',
        type=Crash,
    ) == Crash(System.PORTAL, 3, True, 10)
