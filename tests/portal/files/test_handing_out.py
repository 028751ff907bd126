"""Headers of a file: its name arrives, nothing gets out of the header, nothing runs (SELF-8, FLD-5)."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.files.handing_out import (
    BYTES,
    NAME_CHARACTERS_MAX,
    file_headers,
    fit_name,
    handed_out_as,
    kind_of,
)


def disposition(name: str) -> str:
    return dict(file_headers(name))["content-disposition"]


@pytest.mark.requirement("FLD-5")
def test_a_japanese_name_stands_in_both_forms() -> None:
    found = disposition("やりとり履歴_2026.csv")

    assert found.startswith("attachment; filename=\"_______2026.csv\"; filename*=UTF-8''")
    assert unquote(found.rpartition("''")[2]) == "やりとり履歴_2026.csv"


@given(st.text(max_size=200))
@example('a"; filename="b.exe')
@example("../../etc/passwd\r\nx: y")
@example("a\u202efdp.exe")
def test_no_name_gets_out_of_its_header(name: str) -> None:
    found = disposition(name)

    assert re.fullmatch(
        r"attachment; filename=\"[^\"\\\r\n%;/]+\"; filename\*=UTF-8''[A-Za-z0-9._~%-]+", found
    )
    assert found.isascii() and found.isprintable()
    kept = unquote(found.rpartition("''")[2])
    assert kept == fit_name(name) and 0 < len(kept) <= NAME_CHARACTERS_MAX
    assert "/" not in kept and "\\" not in kept


@pytest.mark.requirement("SELF-8")
@pytest.mark.parametrize(
    ("said", "given_as", "word"),
    [
        ("application/pdf", "application/pdf", "PDF"),
        ("IMAGE/PNG", "image/png", "画像（PNG）"),
        ("text/plain", "text/plain; charset=utf-8", "文書（テキスト）"),
        ("text/html", BYTES, "そのほかのファイル"),
        ("image/svg+xml", BYTES, "そのほかのファイル"),
        ("application/javascript", BYTES, "そのほかのファイル"),
        ("text/html;x=application/pdf", BYTES, "そのほかのファイル"),
        ("", BYTES, "そのほかのファイル"),
    ],
)
def test_only_what_is_on_the_list_keeps_its_type(said: str, given_as: str, word: str) -> None:
    assert (handed_out_as(said), kind_of(said)) == (given_as, word)


def test_a_file_is_stored_and_never_run() -> None:
    headers = dict(file_headers("x.pdf"))

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")
    assert headers["cache-control"] == "no-store"
