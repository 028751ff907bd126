"""Draws the life of a delegation, and what a proxy may do, into the documentation, from the tables that decide them.

``python -m portal.proxies.drawing`` rewrites the drawing; a test holds the two together.
"""

from pathlib import Path

from portal.proxies.model import TRANSITIONS, State
from portal.proxies.permitted import PERMITTED

DOCUMENT = Path(__file__).parents[2] / "docs" / "proxies.md"
BEGIN = "<!-- drawn by portal.proxies.drawing: begin -->"
END = "<!-- drawn by portal.proxies.drawing: end -->"


def drawing() -> str:
    """The life as a Mermaid state diagram, the rights as rows."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.GRANTED}: both cards"]
    lines += [f"    {before} --> {after}: {event}" for (before, event), after in TRANSITIONS.items()]
    lines += ["```", "", "| operation | needs of a proxy |", "|---|---|"]
    lines += [
        f"| `{operation.name}` | {', '.join(sorted(permitted.needs))} |"
        for operation, permitted in PERMITTED.items()
    ]
    return "\n".join(lines)


def redrawn(document: str) -> str:
    """The document with the present drawing in its place."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{drawing()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(redrawn(DOCUMENT.read_text("utf-8")), "utf-8")
