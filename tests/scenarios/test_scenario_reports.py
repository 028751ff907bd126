"""JUnit XML and the page of a run: complete, and dependent on nothing outside."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import pytest

from scenarios.run import Run


@pytest.fixture
def html(simulated: Run) -> str:
    assert simulated.order.html is not None
    return simulated.order.html.read_text("utf-8")


def test_junit_counts_every_scenario_once(simulated: Run) -> None:
    assert simulated.order.junit is not None
    suite = Xml.parse(simulated.order.junit).find("testsuite")
    assert suite is not None

    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        str(len(simulated.results)),
        "0",
        "0",
    )
    cases = suite.findall("testcase")
    assert [(case.get("name") or "").split()[0] for case in cases] == [
        result.scenario.id for result in simulated.results
    ]
    shown = [
        tuple(each.get("value") for each in case.iterfind("properties/property[@name='requirement']"))
        for case in cases
    ]
    assert shown == [result.scenario.requirements for result in simulated.results]


def test_each_scenario_has_its_diagram(simulated: Run, html: str) -> None:
    assert html.count("<svg ") == len(simulated.results)
    for result in simulated.results:
        name = result.scenario.id
        assert f'<section class="scenario" id="{name}">' in html
        assert f'aria-labelledby="d-{name}-title d-{name}-desc"' in html
        assert f'<title id="d-{name}-title">シーケンス図: {result.scenario.title}</title>' in html


def test_the_matrix_leads_to_the_scenarios(simulated: Run, html: str) -> None:
    for requirement, ids in simulated.requirements.items():
        assert f'<th scope="row">{requirement}</th>' in html
        if len(ids) < len(simulated.results):
            assert all(f'href="#{each}"' in html for each in ids)


def test_nothing_comes_from_outside_and_nothing_is_a_script(html: str) -> None:
    class Watch(HTMLParser):
        found: list[str] = []  # noqa: RUF012 - one parser, one test

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            for name, value in attributes:
                if name in ("src", "href", "action", "data") and not (value or "").startswith("#"):
                    self.found.append(f"{tag} {name}={value}")
                if name.startswith("on"):
                    self.found.append(f"{tag} {name}")
            if tag in ("script", "link", "iframe", "object", "embed"):
                self.found.append(tag)

    watch = Watch()
    watch.feed(html)

    assert watch.found == []
    # The name of the SVG namespace is no address that anything is fetched from.
    assert re.findall(r"https?://[^\"'\s<]*", html.replace("http://www.w3.org/2000/svg", "")) == []
    assert "url(" not in html
    assert "@import" not in html


def test_ids_are_unique(html: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', html)

    assert len(ids) == len(set(ids))


def test_failures_are_marked_by_more_than_colour(html: str) -> None:
    assert re.search(r'<g class="broke">.*?<text class="outcome"[^>]*>✕ [a-z-]+', html)
