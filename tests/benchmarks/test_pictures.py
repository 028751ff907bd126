"""The page of the ledger: every row once, with its latest figure; nothing is fetched from elsewhere."""

import re
import xml.etree.ElementTree as ElementTree

from benchmarks import pictures


def entry(name: str, value: float, when: str, **other: object) -> dict[str, object]:
    machine = {"cpu": "a <fast> one", "cores": 2, "python": "3.11"}
    return {
        "name": name, "value": value, "unit": "1/s", "versus": "others & more", "ratio": 2.0, "aim": None, "reached": None,
        "note": "", "commit": "abc", "when": when, "machine": machine, **other,
    }  # fmt: skip


def test_each_row_stands_once_with_its_latest_figure() -> None:
    page = pictures.page(
        [
            entry("b", 5.0, "2026-11-02", reached=False, aim=10.0),
            entry("a", 1234.0, "2026-11-01"),
            entry("a", 4321.0, "2026-11-03"),
        ]
    )

    rows = re.findall(r"<th scope=row>(\w+)<", page)
    assert rows == ["a", "b"]
    assert "4,321 1/s" in page and "1,234 1/s" not in page
    assert "2 runs, last 2026-11-03" in page
    assert "not reached" in page
    assert "others &amp; more" in page and "a &lt;fast&gt; one" in page
    assert not re.search(r"src=|href=|url\(|@import|<script", page)


def test_the_pictures_are_drawn_to_scale() -> None:
    drawn = ElementTree.fromstring(pictures.line([1.0, 2.0, 4.0], "x"))
    points = [tuple(map(float, point.split(","))) for point in drawn[0].attrib["points"].split()]
    heights = [pictures.HEIGHT - pictures.EDGE - y for _, y in points]
    assert [round(height / heights[0], 1) for height in heights] == [1.0, 2.0, 4.0]

    for ratio, wanted in ((0.01, None), (0.5, 1.5), (1.0, None), (3.0, 10.0), (400.0, 2.0)):
        ElementTree.fromstring(pictures.bar(ratio, wanted))


def test_the_wanted_ratio_is_that_of_the_aim() -> None:
    assert pictures._wanted(entry("a", 30.0, "", ratio=3.0, aim=60.0)) == 6.0
    assert pictures._wanted(entry("a", 2_000.0, "", unit="bytes", ratio=2.0, aim=4_000.0)) == 1.0
    assert pictures._wanted(entry("a", 30.0, "")) is None


def test_the_ledger_itself_can_be_shown() -> None:
    every = pictures.entries()
    assert every
    assert pictures.page(every).count("<tr>") == len(pictures.by_name(every)) + 1
