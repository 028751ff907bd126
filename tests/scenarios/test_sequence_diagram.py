"""The writer of sequence diagrams: order, repetitions, length, text that can't break the picture."""

from xml.etree import ElementTree as Xml

from portal.links.link import Sighting
from portal.wire.systems import Party, System
from scenarios.sequence_diagram import (
    ROWS_MAX,
    Folded,
    LeftOut,
    Pause,
    draw,
    duration,
    rows_of,
    told,
)
from scenarios.stage import Step

PORTAL, JPKI, CITIZEN = System.PORTAL, System.JPKI, Party.CITIZEN


def message(sent: int, took: int, operation: str = "o", *, outcome: str = "ok") -> Sighting:
    return Sighting(sent, took, CITIZEN, PORTAL, operation, outcome, 1, 2)


def inner(sent: int, took: int, operation: str) -> Sighting:
    return Sighting(sent, took, PORTAL, JPKI, operation, "ok", 1, 2)


def operations(*messages: Sighting) -> list[str]:
    return [row.operation for row in rows_of(messages) if isinstance(row, Sighting)]


def test_what_was_sent_first_stands_first_though_it_ended_later() -> None:
    assert operations(inner(2, 1, "inner"), message(0, 5, "outer")) == ["outer", "inner"]


def test_within_one_millisecond_a_call_stands_before_the_calls_that_it_caused() -> None:
    seen = [message(0, 0, "before"), inner(0, 0, "one"), inner(0, 0, "two"), message(0, 0, "outer")]

    assert operations(*seen) == ["before", "outer", "one", "two"]


def test_steps_stand_where_they_were_told_and_pauses_are_said() -> None:
    messages = [message(0, 1, "a"), message(0, 1, "b"), message(600_000, 1, "c")]
    steps = [Step(1, 0, "次"), Step(2, 600_000, "10分後")]

    rows = rows_of(messages, steps)

    shown = [row.operation if isinstance(row, Sighting) else told(row) for row in rows]
    assert shown == ["a", "【次】", "b", "（10分たつ）", "【10分後】", "c"]


def test_repetitions_are_folded_with_their_count() -> None:
    polls = [message(at, 1, "poll") for at in range(20)]
    assert rows_of(polls)[1:] == [Folded(1, 19)]

    retries: list[Sighting] = []
    for at in range(10):
        retries += [message(at * 300_000, 1, "a"), message(at * 300_000 + 1, 1, "b")]
    rows = rows_of(retries)
    assert Folded(3, 8) in rows
    assert len(rows) <= 7
    assert any(isinstance(row, Pause) for row in rows)


def test_what_differs_in_its_outcome_is_no_repetition() -> None:
    polls = [message(at, 1, "poll", outcome="ok" if at % 3 else "stopped") for at in range(3)]

    assert not any(isinstance(row, Folded) for row in rows_of(polls))


def test_a_long_trace_leaves_out_its_middle_and_says_how_much() -> None:
    rows = rows_of([message(at, 1, f"o{at}") for at in range(500)])

    assert len(rows) == ROWS_MAX + 1
    assert LeftOut(500 - ROWS_MAX) in rows


def test_the_picture_is_well_formed_whatever_is_said() -> None:
    nasty = "<script>\"&'</svg>"
    svg = draw(nasty, [message(0, 1, nasty, outcome=nasty)], [Step(0, 0, nasty)])

    root = Xml.fromstring(svg)
    assert [each for each in root.iter() if each.tag.endswith("script")] == []
    assert root.get("role") == "img"


def test_nothing_at_all_is_a_picture_too() -> None:
    assert "マイナポータル" in draw("何もない", [])


def test_labels_fit_between_their_lifelines() -> None:
    long = "an_operation_with_a_name_that_is_much_longer_than_any_other_of_them"
    root = Xml.fromstring(draw("t", [message(0, 1, long)]))
    ends = sorted(float(each.get("x1", "0")) for each in root.iter() if each.get("class") == "life")

    assert ends[1] - ends[0] > len(long) * 6


def test_durations_in_words() -> None:
    assert [duration(s) for s in (0.0, 0.012, 1.5, 60, 75, 3600, 5_400, 86_400 * 3)] == [
        "0ミリ秒", "12ミリ秒", "1.5秒", "1分", "1分15秒", "1時間", "1時間30分", "3日",
    ]  # fmt: skip
