"""What turns a template and a context into a page: environment, filters, static files, security headers.

Imports nothing else of the portal but what goes over the wire, so that simulators can have pages of the same look.

Templates are found in `portal/web/templates` by their bare name (``layout.html``) and in the ``pages/`` room of a
feature folder by the folder's name (``records/request.html``).
"""

import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NoReturn

import jinja2

from portal.web.addresses import page
from portal.web.templating import LeanEnvironment
from portal.wire.notices import Question, QuestionKind

_HERE = Path(__file__).parent
TEMPLATES = _HERE / "templates"
STATIC = _HERE / "static"
STATIC_PREFIX = "/static/"
PORTAL = _HERE.parent

# Japan has had no summer time since 1951, and a fixed zone needs no zone database on the machine.
JST = datetime.timezone(datetime.timedelta(hours=9), "JST")

# First day of each era by the Gregorian calendar, newest first.
ERAS: Sequence[tuple[datetime.date, str]] = (
    (datetime.date(2019, 5, 1), "令和"),
    (datetime.date(1989, 1, 8), "平成"),
    (datetime.date(1926, 12, 25), "昭和"),
    (datetime.date(1912, 7, 30), "大正"),
    (datetime.date(1868, 10, 23), "明治"),
)

_CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


# Dates -----------------------------------------------------------------------------------------------------------


def era_year(day: datetime.date) -> str | None:
    """``令和8年`` (``令和元年`` for the first), or None before 明治."""
    for first_day, era in ERAS:
        if day >= first_day:
            year = day.year - first_day.year + 1
            return f"{era}{'元' if year == 1 else year}年"
    return None


def wareki(day: datetime.date | datetime.datetime) -> str:
    """``令和8年4月1日（2026年）``: 和暦 with 西暦 beside it. A datetime must be aware and is taken in Japan's time."""
    local = _day(day)
    era = era_year(local)
    if era is None:
        return date_ja(local)
    return f"{era}{local.month}月{local.day}日（{local.year}年）"


def date_ja(day: datetime.date | datetime.datetime) -> str:
    """``2026年4月1日``. A datetime must be aware and is taken in Japan's time."""
    local = _day(day)
    return f"{local.year}年{local.month}月{local.day}日"


def datetime_ja(moment: datetime.datetime, *, seconds: bool = False) -> str:
    """``2026年4月1日 9時05分`` in Japan's time. Raises `ValueError` for a datetime without a zone."""
    local = _jst(moment)
    text = f"{date_ja(local.date())} {local.hour}時{local.minute:02}分"
    return f"{text}{local.second:02}秒" if seconds else text


def clock_time(moment: datetime.datetime) -> str:
    """``9時05分`` in Japan's time. Raises `ValueError` for a datetime without a zone."""
    local = _jst(moment)
    return f"{local.hour}時{local.minute:02}分"


def time_ja(moment: datetime.datetime, *, seconds: bool = False) -> str:
    """``令和8年4月1日（2026年） 9時05分`` in Japan's time. Raises `ValueError` for a datetime without a zone."""
    text = f"{wareki(moment)} {clock_time(moment)}"
    return f"{text}{_jst(moment).second:02}秒" if seconds else text


_FILE_KINDS = {
    "application/pdf": "PDF", "image/png": "PNG画像", "image/jpeg": "JPEG画像", "text/plain": "文章",
}  # fmt: skip


def file_kind_ja(media_type: str) -> str:
    return _FILE_KINDS.get(media_type, "ファイル")


def size_ja(count: int) -> str:
    """Of a file, in bytes: rounded up to whole KB from there on."""
    return f"{count}バイト" if count < 1024 else f"{-(-count // 1024)}KB"


def answer_ja(question: Question, answer: Sequence[str]) -> str:
    """アンケートの回答 in words (NOT-4): the choices, the text, or the day with its 和暦; none says that."""
    if not answer:
        return "（回答なし）"
    if question.kind is QuestionKind.DATE:
        return wareki(datetime.date.fromisoformat(answer[0]))
    return "、".join(answer)


def machine_time(moment: datetime.date | datetime.datetime) -> str:
    """What stands in the ``datetime`` attribute of ``<time>``: ISO 8601, with Japan's offset when it has a time."""
    return _jst(moment).isoformat() if isinstance(moment, datetime.datetime) else moment.isoformat()


def read_date(year: str, month: str, day: str) -> datetime.date | None:
    """The date typed into the three boxes of the ``date_input`` macro, or None when there is no such day.

    Full-width digits are taken as they are often typed. Years outside 1000…9999 are not dates that anyone means.
    """
    parts = [part.strip() for part in (year, month, day)]
    # \d takes full-width digits, and so does int(); the lengths keep an enormous number from being converted.
    if not all(re.fullmatch(r"\d{1,4}", part) for part in parts):
        return None
    numbers = [int(part) for part in parts]
    if numbers[0] < 1000:
        return None
    try:
        return datetime.date(*numbers)
    except ValueError:
        return None


def date_parts(day: datetime.date) -> dict[str, str]:
    """What the ``date_input`` macro takes as its value: ``{"year": "2026", "month": "4", "day": "1"}``."""
    return {"year": str(day.year), "month": str(day.month), "day": str(day.day)}


def _jst(moment: datetime.datetime) -> datetime.datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be shown: {moment!r}")
    return moment.astimezone(JST)


def _day(day: datetime.date | datetime.datetime) -> datetime.date:
    return _jst(day).date() if isinstance(day, datetime.datetime) else day


# Other text ------------------------------------------------------------------------------------------------------


def organisation_names(names: Iterable[str], most: int = 3, unit: str = "機関") -> str:
    """``千代田区、中央区、港区 ほか2機関``: names, cut after `most`; `unit` counts the rest. ``なし`` for none."""
    every = list(names)
    if not every:
        return "なし"
    shown = "、".join(every[:most])
    rest = len(every) - most
    return f"{shown} ほか{rest}{unit}" if rest > 0 else shown


@dataclass(frozen=True, slots=True)
class Pagination:
    """Where one page of a list stands: for the ``pagination`` macro.

    `page` counts from 1; `address` is the list's address up to and including ``page=``.
    """

    page: int
    size: int
    count: int
    address: str

    def __post_init__(self) -> None:
        assert self.page >= 1, self
        assert self.size >= 1, self
        assert self.count >= 0, self

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // self.size))

    @property
    def first(self) -> int:
        """The number of the first row shown, 0 for none."""
        return min((self.page - 1) * self.size + 1, self.count)

    @property
    def last(self) -> int:
        return min(self.page * self.size, self.count)

    @property
    def numbers(self) -> list[int | None]:
        """Page numbers to show as links, None where some are left out: ``[1, None, 4, 5, 6, None, 20]``."""
        near = {1, self.pages, self.page - 1, self.page, self.page + 1}
        shown = sorted(number for number in near if 1 <= number <= self.pages)
        out: list[int | None] = []
        for number in shown:
            previous = out[-1] if out else None
            if previous is not None and number == previous + 2:
                out.append(previous + 1)  # one page left out takes no more room than the dots
            elif previous is not None and number > previous + 2:
                out.append(None)
            out.append(number)
        return out

    def url(self, number: int) -> str:
        return f"{self.address}{number}"


# Static files ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file of `STATIC`: sent as it is, under ``/static/<name>``."""

    name: str
    body: bytes
    content_type: str
    version: str

    def headers(self, version: str | None) -> list[tuple[str, str]]:
        """Headers of the answer; `version` is what the request's ``?v=`` says.

        Only an address that names this very content may be kept for ever.
        """
        forever = version == self.version
        return [
            ("content-type", self.content_type),
            ("cache-control", "public, max-age=31536000, immutable" if forever else "no-cache"),
            ("etag", f'"{self.version}"'),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ]


@lru_cache(maxsize=1)
def static_files() -> Mapping[str, StaticFile]:
    """Every static file by name, read once. A name that is not here is not served: no path can climb out."""
    files = {}
    for path in sorted(STATIC.iterdir()):
        content_type = _CONTENT_TYPES.get(path.suffix)
        if content_type is not None:
            body = path.read_bytes()
            version = hashlib.sha256(body).hexdigest()[:16]
            files[path.name] = StaticFile(path.name, body, content_type, version)
    return files


def static_url(name: str) -> str:
    """``/static/portal.css?v=<hash of its content>``; `KeyError` when there is no such file."""
    return f"{STATIC_PREFIX}{name}?v={static_files()[name].version}"


# Security headers ------------------------------------------------------------------------------------------------


def security_headers(
    form_action_origins: tuple[str, ...] = (),
    script_origins: tuple[str, ...] = (),
    *,
    referrer_policy: str = "no-referrer",
) -> list[tuple[str, str]]:
    """Headers of every page. `form_action_origins`: other origins that a form of this page leads to; `script_origins`:
    other origins whose scripts this page runs, and which these talk to.

    Browsers hold `form-action` also against redirects after a post, so that the origin of the card reader must be
    named on the page whose form ends there. Because of ``no-referrer`` browsers send ``Origin: null`` with a post:
    forgery is to be recognised by the token in the form, not by that header.
    """
    for origin in (*form_action_origins, *script_origins):
        # Whatever could end the directive and begin another one has no place in an origin.
        if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", origin):
            raise ValueError(f"not an origin: {origin!r}")
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(("'self'", *script_origins)),
        "style-src": "'self'",
        "img-src": "'self'",
        "font-src": "'self'",
        "connect-src": " ".join(("'self'", *script_origins)),
        "form-action": " ".join(("'self'", *form_action_origins)),
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return [
        ("content-security-policy", "; ".join(f"{name} {value}" for name, value in policy.items())),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", referrer_policy),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        # A page shows what belongs to one person: nothing on the way, and no "back" after sign-out, may keep it.
        ("cache-control", "no-store"),
    ]


# Environment -----------------------------------------------------------------------------------------------------


def pages_folders(package: Path) -> dict[str, Path]:
    """The ``pages/`` rooms of a package by the name of their feature folder: ``{"records": …/records/pages}``."""
    return {path.parent.name: path for path in sorted(package.glob("*/pages")) if path.is_dir()}


def environment(*packages: Path) -> jinja2.Environment:
    """Templates of the shared look and of the feature folders of `packages` (`PORTAL` when none is named).

    Undefined names raise, so that a context that misses something is found by a test and not shown as a gap.
    Two packages with a feature folder of the same name: the earlier one wins.
    """
    folders: dict[str, Path] = {}
    for package in packages or (PORTAL,):
        folders = pages_folders(package) | folders
    env = LeanEnvironment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(TEMPLATES),
                jinja2.PrefixLoader({name: jinja2.FileSystemLoader(path) for name, path in folders.items()}),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    env.filters.update(
        wareki=wareki,
        era_year=era_year,
        date_ja=date_ja,
        datetime_ja=datetime_ja,
        time_ja=time_ja,
        machine_time=machine_time,
        organisation_names=organisation_names,
    )
    env.globals.update(static_url=static_url, page=page, fail=_fail)
    return env


def _fail(message: str) -> NoReturn:
    """For templates: a value that they have no words for is a mistake of the caller, not a gap on the page."""
    raise ValueError(message)


_CONTROLS: Final = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])


def render(env: jinja2.Environment, name: str, context: Mapping[str, object]) -> bytes:
    """The page as bytes. A lone surrogate, which UTF-8 cannot carry, becomes ``?`` instead of a failed page.

    Control characters, which HTML must not have, are left out: what was typed and refused stands in its field again
    without them.
    """
    return env.get_template(name).render(context).encode("utf-8", "replace").translate(None, _CONTROLS)
