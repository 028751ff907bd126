"""The subject of a mail as the mailbox shows it: the same by the quick way as by the standard library's."""

from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser

from hypothesis import example, given
from hypothesis import strategies as st

from portal.mail.composing import compose
from sim.mailbox.mailbox import subject_of


def by_library(raw: bytes) -> str:
    try:
        found = BytesHeaderParser(policy=policy.default).parsebytes(raw).get("subject", "")
    except Exception:
        found = ""
    return " ".join(str(found).split()).encode("utf-8", "replace").decode()[:300]


subjects = st.text(max_size=80) | st.sampled_from(["回答が届きました", "=?utf-8?b?5pel?=", "=?x?q?", ""])


@given(subjects)
def test_what_the_portal_sends_is_read(subject: str) -> None:
    subject = " ".join(subject.encode("utf-8", "ignore").decode().split())
    raw = compose(
        "portal@example.jp", "who@example.jp", subject, "本文", "name", datetime(2026, 4, 1, tzinfo=UTC)
    )

    assert subject_of(raw) == by_library(raw)


pieces = st.sampled_from(
    [
        b"Subject:", b"subject: ", b"SUBJECT:a", b"Subject", b"To: a@b", b"X-Subject: no", b": ", b" ", b"\t", b"words",
        b"=?utf-8?b?5pel5pys?=", b"=?utf-8?q?a_b?=", b"=?utf-8?b?x?=", b"\r\n", b"\r\n", b"\r\n ", b"\n", b"\r", b"\r\n\r\n",
        "件名".encode(), b"\x00", b"\x7f", b"From me", b"\x0b", b"\x0c",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=25).map(b"".join))
@example(b"Subject: a\r\n b\r\nSubject: c\r\n\r\nSubject: d")
@example(b"To: a\r\n\r\nSubject: only in the words\r\n\r\n")
@example(b"\r\nSubject: below\r\n\r\n")
def test_any_head_is_read_as_the_library_does(raw: bytes) -> None:
    assert subject_of(raw) == by_library(raw)


def test_a_head_of_nothing_but_fields_takes_no_longer_than_it_is_long() -> None:
    fields = b"X: y\r\n" * 150_000

    assert subject_of(fields + b"Subject: found\r\n\r\n") == "found"
    assert subject_of(b"Subject: found\r\n" + fields) == "found"
