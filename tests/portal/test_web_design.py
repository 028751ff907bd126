"""The look of the pages: filters, headers, static files, and every template with its documented context."""

import datetime
import re
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from web_samples import BY_FILE, SAMPLES, file_of
from web_samples.frame import BRIDGE, Context

from portal.web import design
from portal.web.addresses import PAGES, page
from portal.web.design import Pagination

ROOT = Path(__file__).parents[2]
ENVIRONMENT = design.environment(ROOT / "portal", ROOT / "sim")
SHARED = {
    "frame.html",
    "layout.html",
    "macros.html",
    "plain.html",
    "staff/desk_layout.html",
    "proxies/scope.html",
}


def _is_the_portals(template: str) -> bool:
    return (ROOT / "portal" / file_of(template)).is_dir()


class _Page(HTMLParser):
    """What the checks below need to know of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ((2026, 4, 1), "令和8年4月1日（2026年）"),
        ((2019, 5, 1), "令和元年5月1日（2019年）"),
        ((2019, 4, 30), "平成31年4月30日（2019年）"),
        ((1989, 1, 8), "平成元年1月8日（1989年）"),
        ((1989, 1, 7), "昭和64年1月7日（1989年）"),
        ((1926, 12, 25), "昭和元年12月25日（1926年）"),
        ((1926, 12, 24), "大正15年12月24日（1926年）"),
        ((1912, 7, 30), "大正元年7月30日（1912年）"),
        ((1912, 7, 29), "明治45年7月29日（1912年）"),
        ((1850, 1, 2), "1850年1月2日"),
    ],
)
def test_wareki_has_the_era_and_the_western_year(day: tuple[int, int, int], expected: str) -> None:
    assert expected == design.wareki(datetime.date(*day))


def test_times_are_shown_in_japans_time() -> None:
    moment = datetime.datetime(2026, 3, 31, 15, 5, 9, tzinfo=datetime.UTC)

    assert design.datetime_ja(moment) == "2026年4月1日 0時05分"
    assert design.datetime_ja(moment, seconds=True) == "2026年4月1日 0時05分09秒"
    assert design.wareki(moment) == "令和8年4月1日（2026年）"
    assert design.time_ja(moment) == "令和8年4月1日（2026年） 0時05分"
    assert design.machine_time(moment) == "2026-04-01T00:05:09+09:00"
    assert design.machine_time(datetime.date(2026, 4, 1)) == "2026-04-01"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        design.datetime_ja(datetime.datetime(2026, 4, 1))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("2026", "4", "1"), datetime.date(2026, 4, 1)),
        ((" 2026 ", "04", "01"), datetime.date(2026, 4, 1)),
        (("２０２６", "１２", "３１"), datetime.date(2026, 12, 31)),
        (("2026", "2", "29"), None),
        (("2024", "2", "29"), datetime.date(2024, 2, 29)),
        (("2026", "13", "1"), None),
        (("8", "4", "1"), None),
        (("", "", ""), None),
        (("2026", "-4", "1"), None),
        (("2026", "+4", "1"), None),
        (("2026", "4", "1.0"), None),
        (("99999", "1", "1"), None),
        (("9" * 100_000, "1", "1"), None),
        (("2026", "²", "1"), None),
        (("2_26", "4", "1"), None),
    ],
)
def test_a_typed_date_is_read_or_refused(typed: tuple[str, str, str], expected: datetime.date | None) -> None:
    assert expected == design.read_date(*typed)


def test_date_parts_are_read_back() -> None:
    day = datetime.date(2026, 4, 1)

    assert day == design.read_date(**design.date_parts(day))


def test_organisation_names_are_cut_with_the_rest_counted() -> None:
    assert design.organisation_names([]) == "なし"
    assert design.organisation_names(["札幌市"]) == "札幌市"
    assert design.organisation_names(["a", "b", "c"]) == "a、b、c"
    assert design.organisation_names(["a", "b", "c", "d"]) == "a、b、c ほか1機関"
    assert design.organisation_names(["a", "b"], most=1, unit="件") == "a ほか1件"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (Pagination(1, 20, 0, "?page="), [1]),
        (Pagination(1, 20, 20, "?page="), [1]),
        (Pagination(1, 20, 21, "?page="), [1, 2]),
        (Pagination(3, 10, 50, "?page="), [1, 2, 3, 4, 5]),
        (Pagination(5, 10, 200, "?page="), [1, None, 4, 5, 6, None, 20]),
        (Pagination(20, 10, 200, "?page="), [1, None, 19, 20]),
    ],
)
def test_pagination_shows_the_ends_and_the_neighbours(at: Pagination, expected: list[int | None]) -> None:
    assert expected == at.numbers


def test_pagination_counts_rows() -> None:
    assert (Pagination(2, 20, 25, "").first, Pagination(2, 20, 25, "").last) == (21, 25)
    assert (Pagination(1, 20, 0, "").first, Pagination(1, 20, 0, "").last) == (0, 0)


def test_addresses_of_pages() -> None:
    assert page("records.list", request_id="a/b?c") == "/records/a%2Fb%3Fc"
    with pytest.raises(KeyError):
        page("no.such.page")
    with pytest.raises(KeyError):
        page("records.list")
    assert len(PAGES) == len(set(PAGES.values()))


def test_static_addresses_name_their_content() -> None:
    file = design.static_files()["portal.css"]

    assert design.static_url("portal.css") == f"/static/portal.css?v={file.version}"
    assert ("cache-control", "public, max-age=31536000, immutable") in file.headers(file.version)
    assert ("cache-control", "no-cache") in file.headers(None)
    assert ("cache-control", "no-cache") in file.headers("another")
    with pytest.raises(KeyError):
        design.static_url("../design.py")


def test_every_token_that_the_style_uses_exists() -> None:
    files = design.static_files()
    defined = set(re.findall(rb"(--[\w-]+):", files["tokens.css"].body + files["portal.css"].body))
    used = set(re.findall(rb"var\((--[\w-]+)", files["portal.css"].body))

    assert used - defined == set()


def test_nothing_comes_from_elsewhere() -> None:
    for file in design.static_files().values():
        text = file.body.replace(b"http://www.w3.org/2000/svg", b"")
        if file.name != "tokens.css":
            assert b"//" not in re.sub(rb"^\s*//.*$", b"", text, flags=re.M), file.name


def test_security_headers_are_strict() -> None:
    headers = dict(design.security_headers(("http://127.0.0.1:8101",)))
    policy = headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "form-action 'self' http://127.0.0.1:8101;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_scripts_of_another_origin_are_allowed_where_they_are_named() -> None:
    policy = dict(design.security_headers((), ("http://127.0.0.1:8640",)))["content-security-policy"]

    assert "script-src 'self' http://127.0.0.1:8640;" in policy
    assert "connect-src 'self' http://127.0.0.1:8640;" in policy
    assert "form-action 'self';" in policy


@pytest.mark.parametrize(
    "origin", ["'self'; script-src *", "javascript:x", "https://a b", "https://a/path", "*", ""]
)
def test_what_is_no_origin_cannot_get_into_the_policy(origin: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        design.security_headers((origin,))
    with pytest.raises(ValueError, match="not an origin"):
        design.security_headers((), (origin,))


def test_every_screen_has_a_sample() -> None:
    templates = set(ENVIRONMENT.list_templates(extensions=["html"]))

    assert {template for _, template, _ in SAMPLES} == templates - SHARED


def test_a_sample_stands_where_its_template_says_and_has_a_name_of_its_own() -> None:
    elsewhere = [
        f"{name} belongs into web_samples/{file_of(template)}.py"
        for file, samples in BY_FILE.items()
        for name, template, _ in samples
        if file != file_of(template)
    ]
    names = [name for name, _, _ in SAMPLES]

    assert elsewhere == []
    assert sorted(set(names)) == sorted(names)


def test_every_template_compiles() -> None:
    for name in ENVIRONMENT.list_templates(extensions=["html"]):
        ENVIRONMENT.get_template(name)


@pytest.mark.requirement("ACC-3")
def test_the_nickname_stands_on_every_page_after_sign_in() -> None:
    for name, template, context in SAMPLES:
        if not _is_the_portals(template):
            continue
        text = design.render(ENVIRONMENT, template, context).decode()
        shown = (
            context["nickname"] is not None
            and f"<bdi>{jinja2.filters.escape(context['nickname'])}</bdi>" in text
        )

        assert shown == (context["nickname"] is not None), name


@pytest.mark.parametrize(("name", "template", "context"), SAMPLES, ids=[name for name, _, _ in SAMPLES])
def test_every_page_holds_the_rules(name: str, template: str, context: Context) -> None:
    text = design.render(ENVIRONMENT, template, context).decode()
    parsed = _Page(text)
    tags = [tag for tag, _ in parsed.elements]
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]

    assert text.startswith("<!DOCTYPE html>\n")
    assert "模擬システム：実在のマイナポータルではありません" in text
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert len(ids) == len(set(ids)), "an id twice"
    assert "Undefined" not in text
    assert "&lt;svg" not in text, "markup that was escaped by mistake"
    assert "<b>🌸" not in text
    assert "<script>alert" not in text
    for tag, attributes in parsed.elements:
        # The policy forbids inline scripts and styles: such an attribute would be dead weight.
        assert tag != "style"
        assert "style" not in attributes
        assert not [key for key in attributes if key.startswith("on")], (tag, attributes)
        if tag == "script":
            # The card bridge has one more of its own, and gives one to the page that may use it.
            source = attributes.get("src") or ""
            assert (
                source.startswith("/static/")
                or (template.startswith("cards_desk/consent") and source == "/consent.js")
                or (name in ("sign_in_bridge", "proxies_card_bridge") and source == f"{BRIDGE}/extension.js")
            )
        if tag in {"input", "select"} and attributes.get("type") != "hidden":
            assert any(t == "label" and a.get("for") == attributes["id"] for t, a in parsed.elements), (
                attributes
            )
        if tag == "a" and (href := attributes["href"] or "").startswith("#"):
            assert href[1:] in ids, f"{href} leads nowhere"
        for reference in (
            attributes.get("aria-describedby") or attributes.get("aria-labelledby") or ""
        ).split():
            assert reference in ids, f"{reference} is not on the page"
    if _is_the_portals(template):
        posts = sum(
            1 for tag, attributes in parsed.elements if tag == "form" and attributes.get("method") == "post"
        )
        tokens = sum(
            1 for tag, attributes in parsed.elements if tag == "input" and attributes.get("name") == "csrf"
        )
        assert posts == tokens, "a form without its token"


def test_a_context_that_misses_something_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        design.render(ENVIRONMENT, "top.html", {"nickname": "はなこ", "csrf": "", "nav": "top"})


def test_an_unknown_state_is_an_error() -> None:
    ui = ENVIRONMENT.get_template("macros.html").module

    with pytest.raises(ValueError, match="no words"):
        ui.state("no such state")  # type: ignore[attr-defined]


def test_text_that_utf8_cannot_carry_does_not_fail_the_page() -> None:
    _, template, context = next(sample for sample in SAMPLES if sample[0] == "top")

    assert b"a?b" in design.render(ENVIRONMENT, template, {**context, "nickname": "a\ud800b"})
