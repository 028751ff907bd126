"""Headers under which a browser stores a file and never shows it as a page of ours.

Whoever has put a document into an answer is not trusted to have said what it is: only a few kinds keep the type that was
said, anything else is bytes; nothing is sniffed, nothing runs, and nothing stays in a cache.
"""

import re
import unicodedata
from urllib.parse import quote

from portal.wire.operation import CSV, PDF

KINDS = {
    PDF: "PDF",
    "image/png": "画像（PNG）",
    "image/jpeg": "画像（JPEG）",
    "text/plain": "文書（テキスト）",
    "text/csv": "表（CSV）",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "文書（Word）",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "表（Excel）",
}
"""Types that may be handed out as what they are, with their name for people."""
OTHER_KIND = "そのほかのファイル"
BYTES = "application/octet-stream"
NAME_CHARACTERS_MAX = 80
_UNFIT = re.compile(r'[\\/:*?"<>|%;]')
_CHARSET = {"text/plain": "text/plain; charset=utf-8", "text/csv": CSV}


def kind_of(media_type: str) -> str:
    """In words."""
    return KINDS.get(media_type.partition(";")[0].strip().lower(), OTHER_KIND)


def handed_out_as(media_type: str) -> str:
    """The content type under which it goes out."""
    plain = media_type.partition(";")[0].strip().lower()
    return _CHARSET.get(plain, plain) if plain in KINDS else BYTES


def fit_name(name: str) -> str:
    """A name that any system can store: no path, no invisible or turning characters, not too long."""
    shown = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    plain = _UNFIT.sub("_", shown).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: NAME_CHARACTERS_MAX - len(ending) - 1].strip()}.{ending}" if stem else ending
    return plain[:NAME_CHARACTERS_MAX].strip() or "file"


def file_headers(name: str) -> list[tuple[str, str]]:
    """For a file of this name (RFC 6266, RFC 8187): stored by the browser, never run."""
    fit = fit_name(name)
    ascii_name = "".join(c if c.isascii() and c.isprintable() else "_" for c in fit)
    return [
        (
            "content-disposition",
            f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(fit, safe='')}",
        ),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ]
