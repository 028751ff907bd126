"""What is kept of a run of any length, and how the parts of workers add up."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from load.distributing import Workers
from load.measuring import REQUEST, Report
from load.timeline import WINDOWS_MAX, Timeline, window_seconds
from load.traces import SAMPLES_MAX, Span, Traces


def test_of_a_million_visits_some_are_kept_spread_over_the_run_and_the_longest() -> None:
    traces = Traces()
    for number in range(20_000):
        traces.add(number if number != 777 else 10**9, [Span(REQUEST, str(number), 0, 1, 0, 0, 0, False)])

    assert SAMPLES_MAX / 2 <= len(traces.samples) < SAMPLES_MAX
    kept = [trace.took for trace in traces.samples]
    assert max(b - a for a, b in itertools.pairwise(kept)) <= 20_000 / (SAMPLES_MAX / 2) + 1
    assert traces.longest is not None and traces.longest.spans[0].name == "777"
    assert Traces.decode(traces.encode()).encode() == traces.encode()

    other = Traces()
    other.add(2 * 10**9, [])
    traces.merge(other)
    assert traces.longest.took == 2 * 10**9
    assert len(traces.samples) <= SAMPLES_MAX
    near = traces.near(10_000)
    assert near is not None and abs(near.took - 10_000) < 2_000


@given(st.floats(1, 2e6))
def test_a_run_of_any_length_has_a_bounded_number_of_windows(seconds: float) -> None:
    width = window_seconds(seconds)
    timeline = Timeline(width)
    timeline.at(seconds).due += 1
    timeline.at(seconds * 100).due += 1  # however late

    assert width == 0.25 or width == int(width) >= 1
    assert seconds / width <= WINDOWS_MAX
    assert len(timeline.windows()) <= 2 * WINDOWS_MAX + 1


def test_visits_going_on_are_counted_where_they_went_on() -> None:
    timeline = Timeline(2.0)
    timeline.spread(1.5, 5.0)

    assert [window.under_way for _, window in timeline.windows()] == [0.5, 2.0, 1.0]


def test_what_workers_tell_adds_up_to_what_one_would_have_told() -> None:
    """By the words they exchange: each second what changed, at the end all; a word that was lost changes nothing."""
    whole, parts = Report(), [Report(), Report()]
    workers = Workers()
    sent: list[str] = []
    workers.begin(["a", "b"], lambda client, said: sent.append(f"{client} {said['index']}/{said['count']}"))
    assert sent == ["a 0/2", "b 1/2"]
    for number in range(400):
        part = parts[number % 2]
        for report in (whole, part):
            step = report.step("disclosure", REQUEST, f"step{number % 3}")
            step.record(number / 1000, "reset" if number % 50 == 0 else None)
            step.intended.record(number * 1500)
            window = report.timeline.at(number / 10)
            window.requests.record(number * 1000)
            window.made += 1
            report.starts.due += 1
            report.starts.made += 1
        if number % 40 < 2 and number % 80 > 1:  # every second word is lost
            content = part.encode() | {"timeline": part.timeline.encode(only_touched=True)}
            workers.hear("ab"[number % 2], {"report": content, "done": False, "ended": False})
    assert workers.missing() == 2 and not workers.all_done
    for client, part in zip("ab", parts, strict=True):
        part.end(part.began + 40)
        workers.hear(client, {"report": part.encode(), "done": True, "ended": True})

    told = workers.report().encode()
    expected = whole.encode()
    for content in (told, expected):
        content["steps"].sort(key=lambda step: step["name"])
    assert workers.missing() == 0 and workers.all_done
    for name in ("steps", "starts", "timeline"):
        assert told[name] == expected[name]
