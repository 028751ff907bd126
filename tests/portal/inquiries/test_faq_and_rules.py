"""The FAQ and the rules of an inquiry (FAQ-1, FAQ-2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.inquiries.faq import FAQ, SYNONYMS, search
from portal.inquiries.model import KINDS, TRANSITIONS, Event, State, check_text
from portal.wire.inquiries import InquiryKind, SearchFaq


@pytest.mark.requirement("FAQ-1")
def test_every_entry_is_found_by_its_own_question() -> None:
    assert len({entry.faq_id for entry in FAQ}) == len(FAQ)
    for entry in FAQ:
        assert entry in search(SearchFaq(entry.question))
        assert entry in search(SearchFaq(None, entry.kind))


@pytest.mark.parametrize("words", ["ログイン", "ろぐいん", "ﾛｸﾞｲﾝ", "　ログイン  カード "])
def test_width_and_kana_make_no_difference(words: str) -> None:
    assert "card" in [entry.faq_id for entry in search(SearchFaq(words))]


@given(st.text(max_size=100), st.none() | st.sampled_from(list(InquiryKind)))
def test_any_words_find_a_part_of_the_list_in_its_order(words: str, kind: InquiryKind | None) -> None:
    found = search(SearchFaq(words, kind))
    assert list(found) == [entry for entry in FAQ if entry in found]
    assert all(kind is None or entry.kind is kind for entry in found)


def test_every_kind_has_its_words() -> None:
    assert set(KINDS) == set(InquiryKind)


@pytest.mark.requirement("FAQ-2")
@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_the_life_of_an_inquiry(state: State, event: Event) -> None:
    following = TRANSITIONS.get((state, event))
    if state is State.GONE:
        assert following is None
    elif event is Event.DELETE:
        assert following is State.GONE, "its writer may always take it away"
    elif state is State.SENT:
        assert following is (State.ANSWERED if event is Event.ANSWER else None), (
            "what waits is not swept away"
        )
    else:
        assert event is not Event.ANSWER or following is None, "answered once"


@pytest.mark.parametrize("text", ["", " \n　", "a\x00b", "a\x1b[31m", "\ud800"])
def test_words_that_nobody_could_read(text: str) -> None:
    refused = check_text(text)
    assert refused is not None and refused.field == "$.text"


@pytest.mark.parametrize("text", ["一行目\r\n二行目", "<script>", "👩‍👧 مرحبا", "=1+1", "\u3000あ"])
def test_words_in_any_script(text: str) -> None:
    assert check_text(text) is None


@pytest.mark.requirement("FAQ-1")
@pytest.mark.parametrize(
    ("words", "faq_id"),
    [
        ("閉じる", "close"), ("退会", "close"), ("解約", "close"), ("パスワード", "pin-locked"),
        ("暗証番号", "card"), ("お知らせが届かない", "no-notices"), ("お知らせ 届かない", "no-notices"),
    ],
)  # fmt: skip
def test_what_people_call_it_finds_it(words: str, faq_id: str) -> None:
    assert faq_id in [entry.faq_id for entry in search(SearchFaq(words))]


def test_synonyms_are_of_entries() -> None:
    assert set(SYNONYMS) <= {entry.faq_id for entry in FAQ}
