"""情報照会: its life as a table, and what is permitted."""

from typing import Any

import pytest
from linkage_world import AFFAIR, ELSEWHERE
from refused_inquiries import BAD, PENSION

from portal.wire.linkage import Asked, InquiryState, Outcome, Place, Refusal
from sim.nation.catalogue import CURRENT, PROFILE_2016, catalogue
from sim.nation.holdings import ACCOUNT, TAX
from sim.nation.organisations import Kind, national_body
from sim.network.inquiries import (
    MAY_BE,
    PLACES,
    TRANSITIONS,
    Event,
    after,
    event_of,
    judge,
    number_of,
    sources,
)

# The life of an inquiry, as a table


@pytest.mark.parametrize("state", InquiryState)
@pytest.mark.parametrize("event", Event)
def test_every_event_in_every_state_is_decided(state: InquiryState, event: Event) -> None:
    following = after(state, event)

    assert (following is not None) == ((state, event) in TRANSITIONS)
    assert following is None or following in InquiryState
    assert (state in sources(event)) == (following is not None)


def test_an_answer_is_final_and_everything_can_end() -> None:
    for state in (InquiryState.PROVIDED, InquiryState.NOT_PROVIDED, InquiryState.REFUSED):
        assert all(after(state, event) is None for event in Event)
    assert after(InquiryState.PENDING, Event.DEADLINE) is InquiryState.UNANSWERED
    assert InquiryState.PENDING not in TRANSITIONS.values()


def test_places_are_told_for_every_state() -> None:
    assert set(PLACES) == set(MAY_BE) == set(InquiryState)
    assert all(Place.CORE in PLACES[state] and PLACES[state] <= MAY_BE[state] for state in InquiryState)


def test_every_outcome_is_an_event() -> None:
    assert {outcome: event_of(outcome) for outcome in Outcome} == {
        Outcome.PROVIDED: Event.PROVISION,
        Outcome.NOT_HELD: Event.NO_PROVISION,
        Outcome.LAYOUT_MISMATCH: Event.NO_PROVISION,
    }


# The permission check


def asked(**more: Any) -> Asked:
    whole = {
        "inquirer": ELSEWHERE,
        "provider": "0000113101600001",
        "affair": AFFAIR,
        "procedure": "JT90000000000001",
        "information": TAX,
    }
    return Asked(**{**whole, **more})


@pytest.mark.parametrize(("more", "refusal"), BAD)
def test_what_is_not_permitted_is_refused_by_name(more: dict[str, Any], refusal: Refusal) -> None:
    assert judge(asked(**more), catalogue()) is refusal


def test_what_is_permitted_is_passed_on() -> None:
    assert judge(asked(), catalogue()) is None
    assert judge(asked(version="0001"), catalogue()) is None
    assert judge(asked(), catalogue(), person_known=False) is Refusal.UNKNOWN_PERSON
    assert judge(asked(), catalogue(), assessed=False) is Refusal.ASSESSMENT_MISSING


def test_the_profile_of_the_law_decides() -> None:
    benefit = asked(
        affair="JM90000000000016",
        procedure="JT90000000000022",
        information=ACCOUNT,
        provider=national_body(Kind.DIGITAL_AGENCY).code,
    )
    assert judge(benefit, catalogue(CURRENT)) is None
    assert judge(benefit, catalogue(PROFILE_2016)) is Refusal.UNKNOWN_AFFAIR


def test_a_number_belongs_to_one_request_of_one_organisation() -> None:
    numbers = {number_of(who, what) for who in (ELSEWHERE, PENSION) for what in ("a", "b", "c")}

    assert len(numbers) == 6
    assert all(len(number) == 20 and number.isdigit() for number in numbers)
    assert number_of(PENSION, "a") == number_of(PENSION, "a")
