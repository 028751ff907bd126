"""``mynasim reset``: empties the state folder."""

import sys
from contextlib import suppress
from pathlib import Path

from mynasim import place
from mynasim.running_links import ADDRESSES_FILE
from portal.refusal import Refusal
from portal.wire.systems import System


class NotConfirmed(Refusal):
    """Nobody was there to say yes."""


def _ours(folder: Path) -> list[Path]:
    """The files that a state folder consists of; the settings file is the user's own and stays."""
    files = [folder / "secrets.json", folder / place.BEGAN_FILE, folder / place.POPULATIONS_FILE]
    files.append(folder / ADDRESSES_FILE)
    for system in System:
        files += [folder / f"{system}.sqlite{suffix}" for suffix in ("", "-wal", "-shm")]
    for name in ("portal", "portal-*", "world"):
        files += sorted(folder.glob(f"{name}.log*"))
    files += sorted((folder / "trust").glob("user-authentication-*"))
    return [file for file in files if file.exists()]


def run(state: Path | None, *, ask: bool) -> None:
    """Empty the state folder, after asking. Raises ``StateInUse`` while something runs on it."""
    folder = (state or place.default_state()).absolute()
    if not folder.exists():
        print(f"{folder} はありません。空にするものはありません。")
        return
    with place.held(folder, "up"), place.held(folder, "portal"), place.held(folder, "world"):
        files = _ours(folder)
        if not files:
            print(f"{folder} は空です。")
            return
        if ask:
            print(
                f"{folder} の {len(files)} 個のファイルを消します。アカウント、フォルダー、メール、カードの状態がすべて失われます。"
            )
            if not sys.stdin.isatty():
                raise NotConfirmed("確かめる相手がいません。消してよければ --yes を付けてください。")
            if input("消しますか（はい / いいえ）: ").strip() not in ("はい", "y", "yes"):
                print("何も消しませんでした。")
                return
        for file in files:
            file.unlink()
        with suppress(OSError):
            (folder / "trust").rmdir()
    print(f"{folder} を空にしました。")
