"""Rules of confirming a mail address (ACC-4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts import mail_confirmation
from portal.accounts.mail_confirmation import Confirmation, Try
from portal.wire.limits import (
    MAIL_CODE_DIGITS,
    MAIL_CODE_PAUSE_SECONDS,
    MAIL_CODE_SECONDS,
    MAIL_CODE_TRIES_MAX,
    MAIL_CODES_A_DAY_MAX,
)
from portal.wire.moments import DAY
from sim.world.chance import SeededChance

SENT = 1_000_000


def waiting(seed: int = 1) -> Confirmation:
    return mail_confirmation.begin(SeededChance(seed), "hanako@example.jp", SENT)


@given(st.integers(0, 10_000))
def test_a_code_has_six_digits(seed: int) -> None:
    code = waiting(seed).code
    assert len(code) == MAIL_CODE_DIGITS and code.isascii() and code.isdecimal()


def test_codes_differ_and_so_do_their_names() -> None:
    chance = SeededChance(3)
    every = [mail_confirmation.begin(chance, "a@b", SENT) for _ in range(50)]

    assert len({each.code for each in every}) > 45
    assert len({each.confirmation_id for each in every}) == 50


@pytest.mark.requirement("ACC-4")
@pytest.mark.parametrize("shape", ["{}", " {}\n", "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}", "　{}　"])
def test_the_right_code_however_it_is_written(shape: str) -> None:
    confirmation = waiting()
    typed = shape.format(confirmation.code)
    wide = typed.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    for code in (typed, wide):
        assert mail_confirmation.attempt(confirmation, code, SENT)[0] is Try.RIGHT


@given(st.text(max_size=20))
def test_anything_else_costs_a_try_until_there_is_none(typed: str) -> None:
    confirmation = waiting()
    if mail_confirmation.plain(typed) == confirmation.code:
        return
    for used in range(1, MAIL_CODE_TRIES_MAX + 1):
        outcome, confirmation = mail_confirmation.attempt(confirmation, typed, SENT)
        assert (outcome, confirmation.tries) == (Try.WRONG, used)

    assert mail_confirmation.attempt(confirmation, confirmation.code, SENT) == (Try.OVER, confirmation)


def test_a_code_ends_with_its_hour() -> None:
    confirmation, last = waiting(), SENT + MAIL_CODE_SECONDS * 1000

    assert mail_confirmation.attempt(confirmation, confirmation.code, last - 1)[0] is Try.RIGHT
    assert mail_confirmation.attempt(confirmation, confirmation.code, last)[0] is Try.OVER


def test_a_pause_between_two_codes() -> None:
    end = SENT + MAIL_CODE_PAUSE_SECONDS * 1000
    assert mail_confirmation.too_soon(waiting(), end - 1)
    assert not mail_confirmation.too_soon(waiting(), end)


def test_so_many_codes_a_day() -> None:
    sent = (SENT,) * MAIL_CODES_A_DAY_MAX
    assert mail_confirmation.may_send(sent[1:], SENT)
    assert not mail_confirmation.may_send(sent[1:], SENT, 2)
    assert not mail_confirmation.may_send(sent, SENT)
    assert mail_confirmation.may_send(sent, SENT + DAY)
    assert mail_confirmation.sent_today(sent, SENT + DAY) == ()
