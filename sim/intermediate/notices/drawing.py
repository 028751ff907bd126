"""Draws the life of a send into the documentation, from the table that decides it.

``python -m sim.intermediate.notices.drawing`` rewrites the drawing; a test holds the two together.
"""

from pathlib import Path

from portal.wire.notice_sending import SendState
from sim.intermediate.notices.model import PER_SEND_MAX, PER_SEND_OTHERS_MAX, TRANSITIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "notices.md"
BEGIN = "<!-- drawn by sim.intermediate.notices.drawing: begin -->"
END = "<!-- drawn by sim.intermediate.notices.drawing: end -->"


def drawing() -> str:
    """The table as a Mermaid state diagram, and the caps."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {SendState.RECEIVING}: bulk"]
    lines.append(f"    [*] --> {SendState.SENDING}: single")
    lines += [f"    {before} --> {after}: {event}" for (before, event), after in TRANSITIONS.items()]
    lines += ["```", "", "| profile of the server | recipients in one send (assumed) |", "|---|---|"]
    lines += [f"| {name} | {most:,} |" for name, most in PER_SEND_MAX.items()]
    return "\n".join([*lines, f"| any other | {PER_SEND_OTHERS_MAX:,} |"])


def redrawn(document: str) -> str:
    """The document with the present drawing in its place."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{drawing()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(redrawn(DOCUMENT.read_text("utf-8")), "utf-8")
