"""Which program this is: its commit, or a fingerprint of its files, so that a seed can name what it was run on."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

from portal.refusal import Refusal

ROOT = Path(__file__).parents[2]
OURS = ("portal", "sim", "cards", "scenarios")
COMMIT_CHARACTERS = 12


class AnotherTree(Refusal):
    """A seed is to be repeated on another commit than this program's."""


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - git, with our own words
            ["git", *arguments],  # noqa: S607
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _fingerprint() -> str:
    whole = hashlib.sha256()
    for part in OURS:
        for path in sorted((ROOT / part).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                whole.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return whole.hexdigest()[:COMMIT_CHARACTERS]


@cache
def commit() -> str:
    """The commit; with ``+`` and a fingerprint when files differ from it; only the fingerprint where there is no git."""
    known = _git("rev-parse", f"--short={COMMIT_CHARACTERS}", "HEAD")
    if known is None or not (ROOT / ".git").exists():
        return f"files-{_fingerprint()}"
    changed = _git("status", "--porcelain", "--", *OURS)
    return f"{known}+{_fingerprint()}" if changed else known


def hold_to(wanted: str) -> None:
    """Raises :class:`AnotherTree` unless this is that program."""
    here = commit()
    is_same = here == wanted or (wanted and "+" not in here and len(wanted) >= 7 and here.startswith(wanted))
    is_longer = len(wanted) > COMMIT_CHARACTERS and wanted.startswith(here) and "+" not in wanted
    if not is_same and not is_longer:
        raise AnotherTree(
            f"このプログラムの版は {here} で、{wanted} ではありません。同じ種でも経過が変わるため、再現できません。"
            f"git switch --detach {wanted.partition('+')[0]} で版を合わせるか、--commit を付けずに動かしてください。"
        )
