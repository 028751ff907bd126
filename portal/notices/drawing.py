"""Draws the life of a notice into the documentation, from the table that decides it.

``python -m portal.notices.drawing`` rewrites the drawing; a test holds the two together.
"""

from pathlib import Path

from portal.notices.model import SHOWN_AS, TRANSITIONS, State

DOCUMENT = Path(__file__).parents[2] / "docs" / "notices.md"
BEGIN = "<!-- drawn by portal.notices.drawing: begin -->"
END = "<!-- drawn by portal.notices.drawing: end -->"


def drawing() -> str:
    """The table as a Mermaid state diagram, and as rows."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.UNOPENED}"]
    lines += [
        f"    {before} --> {'[*]' if after is State.GONE else after}: {event}"
        for (before, event), after in TRANSITIONS.items()
    ]
    lines += ["```", "", "| state | event | next state | its owner sees |", "|---|---|---|---|"]
    lines += [
        f"| {before} | {event} | {after} | {SHOWN_AS.get(after, 'nothing')} |"
        for (before, event), after in TRANSITIONS.items()
    ]
    return "\n".join(lines)


def redrawn(document: str) -> str:
    """The document with the present drawing in its place."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{drawing()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(redrawn(DOCUMENT.read_text("utf-8")), "utf-8")
