"""The DER writer against values written down in the standards."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from sim.jpki import der


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, "0400"),
        (127, "047f"),
        (128, "048180"),
        (255, "0481ff"),
        (256, "04820100"),
        (65535, "0482ffff"),
        (65536, "0483010000"),
    ],
)
def test_a_length_takes_its_shortest_form(length: int, head: str) -> None:
    assert der.octets(bytes(length)) == bytes.fromhex(head) + bytes(length)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (256, "02020100"), (65535, "020300ffff")],
)
def test_integers(value: int, expected: str) -> None:
    assert der.integer(value).hex() == expected


@given(st.integers(min_value=0, max_value=1 << 200))
def test_an_integer_reads_back_and_is_no_longer_than_it_must_be(value: int) -> None:
    content = der.integer(value)[2:]

    assert int.from_bytes(content, "big", signed=True) == value
    assert len(content) == 1 or content[0] or content[1] & 0x80


def test_a_negative_integer_and_a_naive_time_are_refused() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        der.integer(-1)
    with pytest.raises(ValueError, match="aware"):
        der.time(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [
        ("1.2.840.113549.1.1.11", "06092a864886f70d01010b"),
        ("2.5.29.21", "0603551d15"),
        ("1.3.6.1.5.5.7.48.1.1", "06092b0601050507300101"),
        ("2.999.3", "0603883703"),
    ],
)
def test_object_identifiers(dotted: str, expected: str) -> None:
    assert der.oid(dotted).hex() == expected


@given(st.lists(st.integers(0, 1 << 40), max_size=8))
def test_an_object_identifier_is_what_the_library_writes(arcs: list[int]) -> None:
    dotted = ".".join(map(str, (1, 2, *arcs)))
    written = x509.ExtendedKeyUsage([x509.ObjectIdentifier(dotted)]).public_bytes()

    assert der.sequence(der.oid(dotted)) == written


def test_times_are_utc_and_change_form_in_2050() -> None:
    japan = timezone(timedelta(hours=9))

    assert der.time(datetime(2050, 1, 1, 8, 59, 59, 999_999, tzinfo=japan)) == b"\x17\x0d491231235959Z"
    assert der.time(datetime(2050, 1, 1, 9, tzinfo=japan)) == b"\x18\x0f20500101000000Z"
    assert der.generalized_time(datetime(2026, 4, 1, tzinfo=UTC)) == b"\x18\x0f20260401000000Z"
