"""Files that somebody hands in: their type by their bytes, their size, the scanner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.serving.uploads import MAGIC, TYPES, KnownSignatures, unfit
from portal.wire.disclosure import Attachment
from portal.wire.limits import NOTICE_ATTACHMENT_BYTES_MAX
from portal.wire.problems import ProblemCode

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""In two halves: this file is none itself."""
SCANNER = KnownSignatures()
GOOD = {
    "application/pdf": b"%PDF-1.7\n",
    "image/png": b"\x89PNG\r\n\x1a\n....",
    "image/jpeg": b"\xff\xd8\xff\xe0....",
    "text/plain": "領収書\r\n1,000円 😀".encode(),
}


def code(name: str, media_type: str, content: bytes) -> ProblemCode | None:
    wrong = unfit(Attachment(name, media_type, content), "$.files[0]", SCANNER)
    return None if wrong is None else wrong.code


@pytest.mark.parametrize("media_type", TYPES)
def test_a_file_of_its_type(media_type: str) -> None:
    assert code("領収書", media_type, GOOD[media_type]) is None


@pytest.mark.parametrize("declared", TYPES)
@pytest.mark.parametrize("real", TYPES)
def test_a_file_of_another_type(declared: str, real: str) -> None:
    refused = declared != real and not (declared == "text/plain" and real == "application/pdf")
    assert (code("x", declared, GOOD[real]) is ProblemCode.UNPROCESSABLE) == refused


@pytest.mark.parametrize("media_type", ["text/html", "application/zip", "image/svg+xml", ""])
def test_types_that_are_not_taken(media_type: str) -> None:
    assert code("x", media_type, b"<html>") is ProblemCode.UNSUPPORTED_MEDIA


@pytest.mark.parametrize("media_type", TYPES)
def test_the_eicar_test_file_is_found_wherever_it_stands(media_type: str) -> None:
    start = MAGIC[media_type][0] if media_type in MAGIC else b""
    wrong = unfit(Attachment("eicar.txt", media_type, start + EICAR), "$.files[0]", SCANNER)

    assert wrong is not None
    assert "EICAR-Test-File" in wrong.detail
    assert wrong.field == "$.files[0].content"


def test_size() -> None:
    fits = b"%PDF-" + bytes(NOTICE_ATTACHMENT_BYTES_MAX - 5)
    assert code("x", "application/pdf", fits) is None
    assert code("x", "application/pdf", fits + b"\0") is ProblemCode.TOO_LARGE
    assert code("x", "text/plain", b"") is ProblemCode.UNPROCESSABLE


@pytest.mark.parametrize(
    "name", ["", " ", "　", "../x", "a/b", "a\\b", "..", "a\nb", "a\u202eb", "あ" * 101, "\x00"]
)
def test_names_that_are_refused(name: str) -> None:
    assert code(name, "text/plain", b"x") is ProblemCode.UNPROCESSABLE


@given(st.binary(max_size=200), st.sampled_from(TYPES))
def test_no_bytes_break_it(content: bytes, media_type: str) -> None:
    assert code("x", media_type, content) in (None, ProblemCode.UNPROCESSABLE)
