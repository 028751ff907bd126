"""Challenges: ours, in time, unaltered; anything else is told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.keys import sha256_digest_info
from portal.seams.chance import LiveChance
from portal.sessions.challenges import Challenges, ExpiredChallenge, Presented, UnknownChallenge

NOW = 1_775_000_000_000
SECONDS = 300


def _challenges(key: bytes = b"k" * 32) -> Challenges:
    return Challenges(key, LiveChance(), SECONDS)


@pytest.mark.requirement("ACC-1")
def test_ours_comes_back_with_what_the_card_was_asked_to_sign() -> None:
    challenges = _challenges()
    issued = challenges.issue(NOW)
    presented = challenges.present(issued.challenge, NOW + SECONDS * 1000 - 1)

    assert isinstance(presented, Presented)
    assert issued.digest_info == sha256_digest_info(presented.digest)


def test_no_two_are_the_same() -> None:
    challenges = _challenges()
    assert len({challenges.issue(NOW).challenge for _ in range(500)}) == 500


def test_it_expires() -> None:
    challenges = _challenges()
    issued = challenges.issue(NOW)
    assert isinstance(challenges.present(issued.challenge, NOW + SECONDS * 1000), ExpiredChallenge)


def test_another_portals_is_unknown() -> None:
    issued = _challenges(b"a" * 32).issue(NOW)
    assert isinstance(_challenges(b"b" * 32).present(issued.challenge, NOW), UnknownChallenge)


@given(st.text(max_size=200))
def test_any_text_is_unknown(text: str) -> None:
    assert isinstance(_challenges().present(text, NOW), UnknownChallenge)


@given(st.integers(0, 95), st.characters(min_codepoint=33, max_codepoint=126))
def test_altered_in_one_place_is_unknown(place: int, character: str) -> None:
    challenges = _challenges()
    issued = challenges.issue(NOW)
    altered = issued.challenge[:place] + character + issued.challenge[place + 1 :]
    if altered != issued.challenge:
        assert isinstance(challenges.present(altered, NOW), UnknownChallenge)


def test_a_challenge_has_one_spelling() -> None:
    challenges = _challenges()
    texts = [challenges.issue(NOW).challenge for _ in range(50)]
    respelt = [text.replace("-", "+").replace("_", "/") for text in texts]
    assert any(one != other for one, other in zip(texts, respelt, strict=True))
    for one, other in zip(texts, respelt, strict=True):
        if one != other:
            assert isinstance(challenges.present(other, NOW), UnknownChallenge)
