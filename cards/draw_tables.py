"""Draw the life-cycle tables into docs/card.md: `python -m cards.draw_tables` (with `--check`: only say whether they differ)."""

from __future__ import annotations

import sys
from pathlib import Path

from cards.applications.profiles import PROFILES
from cards.chip.files import File, Guard, KeyFile, PinFile, RecordFile, TransparentFile
from cards.chip.pin_life import PIN_LIFE, PinStage
from cards.chip.session import SESSION, SessionStage
from cards.chip.status import SW, meaning
from cards.contents import CardKind
from cards.pins import TRIES_MAX, PinName

PAGE = Path(__file__).parents[1] / "docs" / "card.md"


def pin_life() -> str:
    """The life of a PIN as a Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{stage.value}" as {stage.name}' for stage in PinStage]
    lines.append(f"    [*] --> {PinStage.ALL_TRIES.name}")
    for (stage, event), step in PIN_LIFE.items():
        for then in sorted(step.then, key=list(PinStage).index):
            lines.append(f"    {stage.name} --> {then.name}: {event.value} / {step.outcome.value}")
    return "\n".join([*lines, "```"])


def session() -> str:
    """The security state of a session as a Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{stage.value}" as {stage.name}' for stage in SessionStage]
    lines.append(f"    [*] --> {SessionStage.OFF.name}")
    for (stage, event), step in SESSION.items():
        if step is not None:
            lines.append(f"    {stage.name} --> {step.then.name}: {event.value} / {step.rights.value}")
    return "\n".join([*lines, "```"])


def _guard(guard: Guard) -> str:
    if guard is None:
        return "free"
    return ", ".join(sorted(guard)) or "never"


def _kind_and_guard(file: File) -> tuple[str, str]:
    match file:
        case TransparentFile():
            return "bytes", _guard(file.guard)
        case RecordFile():
            return "records", _guard(file.guard)
        case PinFile():
            return f"PIN `{file.pin}`, changed by {file.changed_by.value}", "-"
        case KeyFile():
            return f"key: {file.use.value}", _guard(file.guard)


def files() -> str:
    """Every file of a plastic card, and what opens it."""
    lines = ["| application | EF | kind | opened by |", "|---|---|---|---|"]
    for application in PROFILES[CardKind.PLASTIC].applications.values():
        for identifier, file in sorted(application.files.items()):
            kind, guard = _kind_and_guard(file)
            lines.append(f"| {application.name} | {identifier:04X} | {kind} | {guard} |")
    return "\n".join(lines)


def pins() -> str:
    """Tries of every PIN."""
    return "\n".join(
        ["| PIN | tries |", "|---|---|", *(f"| `{name}` | {TRIES_MAX[name]} |" for name in PinName)]
    )


def status_words() -> str:
    """Every status word that the card can answer."""
    words = sorted({*SW, 0x63C3})
    shown = {word: f"{word:04X}" if word != 0x63C3 else "63Cx" for word in words}
    return "\n".join(
        ["| SW | meaning |", "|---|---|", *(f"| {shown[word]} | {meaning(word)} |" for word in words)]
    )


DRAWINGS = {
    "pin-life": pin_life,
    "session": session,
    "files": files,
    "pins": pins,
    "status-words": status_words,
}


def drawn(page: str) -> str:
    """The page with everything between its markers drawn anew. Raises ValueError when a marker is missing."""
    for name, draw in DRAWINGS.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        head, found_start, rest = page.partition(start)
        _, found_end, tail = rest.partition(end)
        if not found_start or not found_end:
            raise ValueError(f"docs/card.md has no place for {name}")
        page = head + start + draw() + end + tail
    return page


def main(arguments: list[str]) -> int:
    """0 when the page is as drawn, or has been written; 1 when `--check` finds that it differs."""
    page = PAGE.read_text(encoding="utf-8")
    new = drawn(page)
    if "--check" in arguments:
        return int(new != page)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
