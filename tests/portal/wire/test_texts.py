"""Words that cross a border: every script, nothing that hides or turns text around."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.wire.texts import forbidden_in, is_blank, is_web_address, with_line_feeds


@pytest.mark.parametrize(
    "text",
    [
        "予防接種のお知らせ",
        "全角　空白",
        "العربية עברית ไทย हिन्दी Ελληνικά Русский 한국어",
        "👩‍👩‍👧‍👦 🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "𠮷野家 葛󠄀",
        "<script>alert(1)</script> & \"'",
    ],
)
def test_every_script_passes(text: str) -> None:
    assert forbidden_in(text, lines=False) is None


@pytest.mark.parametrize(
    "character", ["\x00", "\x1b", "\x7f", "\u202e", "\u2028", "\ud800", "\ue000", "\ufeff"]
)
def test_what_hides_is_found_where_it_is(character: str) -> None:
    assert forbidden_in(f"あい{character}う", lines=True) == 2


def test_line_breaks_only_where_there_are_lines() -> None:
    assert forbidden_in("a\nb\tc", lines=True) is None
    assert forbidden_in("a\nb", lines=False) == 1
    assert with_line_feeds("a\r\nb\rc\n") == "a\nb\nc\n"


@given(st.text(max_size=50))
def test_the_quick_look_agrees_with_the_close_one(text: str) -> None:
    refused = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    joiners = "\u200c\u200d"
    close = next(
        (
            place
            for place, character in enumerate(text)
            if unicodedata.category(character) in refused
            and character not in joiners
            and not 0xE0020 <= ord(character) < 0xE0080
        ),
        None,
    )
    assert forbidden_in(text, lines=False) == close


@pytest.mark.parametrize("text", [
        "", " ", "\u3000\u3000", "\n\t", "\u200d", "\u2800", "\u115f\u1160", "\u3164", "\uffa0 \u200b", "\ufeff",
        "\u00ad", "\ufe0f", "\u2003\u2800\u3000",
    ],
)  # fmt: skip
def test_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "url", ["https://example.jp", "http://127.0.0.1:8600/pay?n=1&m=2#x", "https://a.jp/"]
)
def test_web_addresses(url: str) -> None:
    assert is_web_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "javascript:alert(1)", "ftp://example.jp", "//example.jp", "https://", "https://user@example.jp/",
        "https://例え.jp/", "https://example.jp/ x", "https://example.jp/\n", "data:text/html,x",
    ],
)  # fmt: skip
def test_no_web_addresses(url: str) -> None:
    assert not is_web_address(url)
