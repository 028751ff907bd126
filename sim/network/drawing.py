"""Draws the network's tables into its documentation: `python -m sim.network.drawing`; a test holds the two together."""

from pathlib import Path

from portal.wire.linkage import InquiryState, Outcome, Place, Refusal
from sim.intermediate.batch_file import FIELDS
from sim.intermediate.notices.model import cap_of
from sim.intermediate.profiles import PROFILES, ServerProfile
from sim.network.inquiries import MAY_BE, PLACES, TRANSITIONS
from sim.network.invariants import INVARIANTS

DOCUMENT = Path(__file__).parents[2] / "docs" / "network.md"


def life() -> str:
    """The life of an inquiry as a Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {InquiryState.PENDING}"]
    lines += [f"    {before} --> {following}: {event}" for (before, event), following in TRANSITIONS.items()]
    return "\n".join([*lines, "```"])


def places() -> str:
    """Where a record is, by what the core says of its inquiry."""
    lines = ["| state at the core | " + " | ".join(Place) + " |", "|---" * (len(Place) + 1) + "|"]
    for state in InquiryState:
        cells = (_cell(state, place) for place in Place)
        lines.append(f"| {state} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(state: InquiryState, place: Place) -> str:
    if place in PLACES[state]:
        return "record"
    return "maybe" if place in MAY_BE[state] else "none"


def outcomes() -> str:
    """All that an inquiry can be answered with, beside content."""
    refusals = ", ".join(f"`{each}`" for each in Refusal)
    answers = ", ".join(f"`{each}`" for each in Outcome)
    return f"Refusals by the core, the first that fits: {refusals}.\n\nAnswers of a provider: {answers}."


def profiles() -> str:
    """Every profile of an intermediate server."""
    lines = [
        "| profile (assumed) | for | answers | connections | per send | notices per send | latency |",
        "|---|---|---|---|---|---|---|",
    ]
    for profile in PROFILES.values():
        latency = f"{profile.answer_ms_min / 1000:g}–{profile.answer_ms_max / 1000:g} s"
        lines.append(
            f"| `{profile.name}` | {profile.about} | {_hours(profile)} | {profile.connections_max} "
            f"| {profile.per_send_max} | {cap_of(profile.name)} | {latency} |"
        )
    return "\n".join(lines)


def _hours(profile: ServerProfile) -> str:
    if profile.opens is None or profile.closes is None:
        return "at all hours"
    days = ", weekdays" if profile.weekdays_only else ""
    return f"{profile.opens:%H:%M}–{profile.closes:%H:%M}{days}"


def batch() -> str:
    """The fields of a batch inquiry file's line."""
    lines = ["| column | width | field | name in code | form |", "|---|---|---|---|---|"]
    column = 1
    for field in FIELDS:
        form = field.form.pattern.removeprefix("(?:").removesuffix(r")\Z").replace("|", r"\|")
        lines.append(f"| {column} | {field.width} | {field.japanese} | `{field.name}` | `{form}` |")
        column += field.width + 1
    return "\n".join(lines)


def invariants() -> str:
    lines = ["| invariant | requirement |", "|---|---|"]
    return "\n".join([*lines, *(f"| {each.name} | {each.requirement} |" for each in INVARIANTS)])


DRAWINGS = {
    "life": life,
    "places": places,
    "outcomes": outcomes,
    "profiles": profiles,
    "batch": batch,
    "invariants": invariants,
}


def redrawn(document: str) -> str:
    """The document with everything between its markers drawn anew. Raises ValueError when a marker is missing."""
    for name, draw in DRAWINGS.items():
        begin, end = f"<!-- drawn: {name} -->\n", f"<!-- end: {name} -->"
        head, found_begin, rest = document.partition(begin)
        _, found_end, tail = rest.partition(end)
        if not found_begin or not found_end:
            raise ValueError(f"docs/network.md has no place for {name}")
        document = f"{head}{begin}{draw()}\n{end}{tail}"
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(redrawn(DOCUMENT.read_text("utf-8")), "utf-8")
