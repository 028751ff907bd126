"""Linkage codes: both directions, apart for each organisation, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.network.codes import DISCLOSURE_SYSTEM, PERSONS_MAX, LinkageCodes

CODES = LinkageCodes(b"secret")
persons = st.integers(0, PERSONS_MAX - 1)
organisations = st.text("0123456789", min_size=16, max_size=16)


@given(persons, organisations)
def test_a_code_leads_back_to_its_person(person: int, organisation: str) -> None:
    code = CODES.code_of(person, organisation)

    assert len(code) == 32
    assert CODES.person_of(code, organisation) == person


@given(persons, organisations, organisations)
def test_translation_goes_through_the_person(person: int, one: str, other: str) -> None:
    theirs = CODES.translate(CODES.code_of(person, one), one, other)

    assert theirs == CODES.code_of(person, other)
    assert (theirs == CODES.code_of(person, one)) == (one == other)


@given(st.binary(min_size=16, max_size=16))
def test_what_is_not_ours_is_found(sealed: bytes) -> None:
    assert CODES.person_of(sealed.hex(), DISCLOSURE_SYSTEM) is None


def test_another_organisations_or_networks_code_is_nobodys() -> None:
    code = CODES.code_of(7, DISCLOSURE_SYSTEM)

    assert CODES.person_of(code, "0000113101600001") is None
    assert LinkageCodes(b"another secret").person_of(code, DISCLOSURE_SYSTEM) is None
    assert CODES.translate(code, "0000113101600001", DISCLOSURE_SYSTEM) is None


@pytest.mark.parametrize("text", ["", "zz" * 16, "00" * 15, "00" * 17])
def test_text_that_is_no_code(text: str) -> None:
    assert CODES.person_of(text, DISCLOSURE_SYSTEM) is None


@pytest.mark.parametrize("person", [-1, PERSONS_MAX])
def test_numbers_that_nobody_has(person: int) -> None:
    with pytest.raises(ValueError):
        CODES.code_of(person, DISCLOSURE_SYSTEM)


@pytest.mark.parametrize("organisation", ["", "1" * 15, "1" * 17, "１" * 16, "x" * 16])
def test_what_is_no_organisation_code(organisation: str) -> None:
    with pytest.raises(ValueError):
        CODES.code_of(1, organisation)
