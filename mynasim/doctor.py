"""``mynasim doctor``: what may be missing on this machine, and its remedy."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from mynasim import running
from mynasim.output import console
from mynasim.settings import Settings
from portal.serving.listen import NoFreePort, bind
from portal.wire.systems import System
from sim.world.key_folder import key_folder

FREE_BYTES_MIN = 500 * 1024 * 1024


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    good: bool
    seen: str
    remedy: str = ""
    needed: bool = True
    """Whether mynasim can't run without; else only a part or the tests want it."""


def _program(name: str, package: str, wanted_for: str, *arguments: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(
            f"{name}（{wanted_for}）", False, "ありません", f"apt-get install {package}", needed=False
        )
    version = subprocess.run(  # noqa: S603 - a program found on the path, with our own arguments
        [path, *arguments], capture_output=True, text=True, timeout=20, check=False
    )
    line = (version.stdout or version.stderr).strip().splitlines()
    return Finding(f"{name}（{wanted_for}）", True, line[0][:60] if line else path)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return Finding("Python", good, version, "Python 3.11 以上を入れてください。")


def _fonts() -> Finding:
    tool = shutil.which("fc-list")
    remedy = "apt-get install fonts-noto-cjk"
    if tool is None:
        return Finding(
            "日本語の書体（画面の撮影）",
            False,
            "fc-list がなく調べられません",
            f"apt-get install fontconfig; {remedy}",
            needed=False,
        )
    listed = subprocess.run(  # noqa: S603 - the same
        [tool, ":lang=ja", "family"], capture_output=True, text=True, timeout=20, check=False
    )
    fonts = sorted({line.split(",")[0] for line in listed.stdout.splitlines() if line})
    seen = "、".join(fonts[:2]) if fonts else "ありません"
    return Finding("日本語の書体（画面の撮影）", bool(fonts), seen, remedy, needed=False)


def _ports(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    for name in (*System, running.SMTP):
        host, port = running.wanted_port(settings, name)
        try:
            bound = bind(host, port, exact=True)
        except NoFreePort:
            findings.append(
                Finding(
                    f"ポート {port}（{name}）", True, "使用中。起動すると次の空きを使います", needed=False
                )
            )
        else:
            bound.socket.close()
            findings.append(Finding(f"ポート {port}（{name}）", True, "空いています"))
    return findings


def _folder(what: str, folder: Path) -> Finding:
    nearest = folder
    while not nearest.exists():
        nearest = nearest.parent
    free = shutil.disk_usage(nearest).free
    if not os.access(nearest, os.W_OK):
        return Finding(
            what,
            False,
            f"{folder} に書き込めません",
            "権限を直すか、--state で別のフォルダーを使ってください。",
        )
    good = free >= FREE_BYTES_MIN
    return Finding(what, good, f"{folder}（空き {free // 2**20} MB）", "空きを作ってください（500 MB以上）。")


def _libraries() -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    names = ("trio", "hypercorn", "quart-trio", "cryptography", "msgspec", "httptools")
    try:
        seen = "、".join(f"{name} {version(name)}" for name in names)
    except PackageNotFoundError as missing:
        return Finding(
            "ライブラリー", False, f"{missing.name} がありません", "make install を実行してください。"
        )
    return Finding("ライブラリー", True, seen)


def _locust() -> Finding:
    from importlib.util import find_spec

    good = find_spec("locust") is not None
    return Finding(
        "Locust（mynasim load）",
        good,
        "あります" if good else "ありません",
        "make install を実行してください。",
        needed=False,
    )


def findings(settings: Settings, state: Path) -> list[Finding]:
    """Everything that was looked at, in the order in which it matters."""
    looks: list[Callable[[], Finding]] = [
        _python,
        _libraries,
        lambda: _folder("状態フォルダー", state),
        lambda: _folder("カードの鍵の置き場", key_folder()),
        _locust,
        lambda: _program("openssl", "openssl", "JPKIの確認", "version"),
        lambda: _program("chromium", "chromium", "画面のテスト", "--version"),
        _fonts,
        lambda: _program("opensc-tool", "opensc", "カードのテスト", "--version"),
        lambda: _program("pcscd", "pcscd", "カードのテスト", "--version"),
        lambda: _program("git", "git", "測定の記録", "--version"),
    ]
    return [look() for look in looks] + _ports(settings)


def run(settings: Settings, state: Path) -> int:
    """Print the findings; 1 when something is missing that mynasim can't run without."""
    table = Table("調べたもの", "", "見つかったもの", "直しかた")
    found = findings(settings, state)
    for one in found:
        mark = "[green]○[/green]" if one.good else "[red]×[/red]" if one.needed else "[yellow]△[/yellow]"
        table.add_row(escape(one.what), mark, escape(one.seen), "" if one.good else escape(one.remedy))
    out = console()
    out.print(table)
    if any(one.needed and not one.good for one in found):
        out.print("×のついたものを直すと動きます。")
        return 1
    out.print(
        "動かすのに必要なものはそろっています。△は一部の機能やテストに使います。"
        if any(not one.good for one in found)
        else "すべてそろっています。"
    )
    return 0
