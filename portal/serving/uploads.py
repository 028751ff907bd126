"""ファイルの検査: what somebody hands in must be what it says it is, not too large, and not known to be harmful.

The scanner is a seam: :class:`KnownSignatures` knows the EICAR test file, by which an installation shows that files are
looked at; a real one stands behind the same call.
"""

from typing import Final, Protocol

from portal.wire.disclosure import Attachment
from portal.wire.limits import NOTICE_ATTACHMENT_BYTES_MAX
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.texts import forbidden_in, is_blank, with_line_feeds

NAME_CHARACTERS_MAX: Final = 100
MAGIC: Final[dict[str, tuple[bytes, ...]]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
}
"""How a file of each type begins."""
TEXT: Final = "text/plain"
TYPES: Final = (*MAGIC, TEXT)
_TYPES_SAID: Final = "PDF（application/pdf）、PNG（image/png）、JPEG（image/jpeg）、UTF-8の文章（text/plain）"
# In two halves, so that this file is not taken for one itself.
_EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner(Protocol):
    """検査器: names what is harmful in a file, or None."""

    def scan(self, content: bytes) -> str | None: ...


class KnownSignatures:
    """Finds what it knows by its bytes, wherever in the file they stand."""

    def __init__(self, known: dict[str, bytes] | None = None) -> None:
        self._known = {"EICAR-Test-File": _EICAR} if known is None else known

    def __repr__(self) -> str:
        return f"KnownSignatures({sorted(self._known)})"

    def scan(self, content: bytes) -> str | None:
        return next((name for name, signature in self._known.items() if signature in content), None)


def unfit(
    file: Attachment,
    field: str,
    scanner: Scanner,
    *,
    bytes_max: int = NOTICE_ATTACHMENT_BYTES_MAX,
) -> Problem | None:
    """Why this file is not taken, if so; *field* is its place in the request."""
    if is_blank(file.name) or len(file.name) > NAME_CHARACTERS_MAX or _strange(file.name):
        return problem(
            ProblemCode.UNPROCESSABLE,
            f"ファイル名は{NAME_CHARACTERS_MAX}文字までで、「/」「\\」や制御文字を使わずに付けてください。",
            field=f"{field}.name",
        )
    if not file.content:
        return _wrong("ファイルが空です。", file, field)
    if len(file.content) > bytes_max:
        return problem(
            ProblemCode.TOO_LARGE,
            f"「{file.name}」は{len(file.content)}バイトあります。一つのファイルは{bytes_max}バイトまでです。",
            field=f"{field}.content",
        )
    if file.media_type not in TYPES:
        return problem(
            ProblemCode.UNSUPPORTED_MEDIA,
            f"「{file.name}」の種類は扱えません。扱えるのは、{_TYPES_SAID}です。",
            field=f"{field}.media_type",
        )
    if not _is_of_type(file):
        return _wrong(f"中身が、付けられた種類（{file.media_type}）と違います。", file, field)
    harmful = scanner.scan(file.content)
    if harmful is not None:
        return _wrong(f"ウイルスの検査で「{harmful}」が見つかったため、受け付けません。", file, field)
    return None


def _wrong(reason: str, file: Attachment, field: str) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, f"「{file.name}」: {reason}", field=f"{field}.content")


def _strange(name: str) -> bool:
    return forbidden_in(name, lines=False) is not None or any(c in name for c in "/\\") or name in (".", "..")


def _is_of_type(file: Attachment) -> bool:
    starts = MAGIC.get(file.media_type)
    if starts is not None:
        return file.content.startswith(starts)
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return forbidden_in(with_line_feeds(text), lines=True) is None
