"""What a run came to, judged: the exit code, and the file that a later run is compared with."""

import json
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from load.journeys import journeys
from load.levels import Finding, Levels
from load.measuring import JOURNEY, REQUEST, Report
from load.plan import Plan

FORMAT = 1
FILE_BYTES_MAX = 256 * 1024 * 1024


class Exit(IntEnum):
    """終了コード."""

    HELD = 0
    """Everything held."""
    BROKEN = 1
    """A service level did not hold; without levels: something failed or was dropped, or nothing ended."""
    NOT_RUN = 2
    """It could not be run: a wrong option, no portal, a malformed file."""
    INVALID = 3
    """The generator was the bottleneck, or a worker was lost: the figures say nothing about the portal."""
    STOPPED = 130
    """Stopped by hand."""


class About(msgspec.Struct, frozen=True):
    """条件: what was run, as it is shown and compared."""

    title: str
    host: str
    model: str
    """``open`` or ``closed``."""
    began_at: str
    """ISO 8601, by the machine's own clock."""
    seconds: float
    users: int
    processes: int
    seed: int
    nation: int
    profile: str = ""
    what: str = ""
    arrivals: str = ""
    peak: float = 0.0
    national_peak: float | None = None
    residents: int = 0
    card_keys: int = 0
    think: float = 0.0
    clock: tuple[str, str] = ("", "")
    """What the clock of the day shows at the beginning and at the end."""


def describe(
    plan: Plan | None,
    journey: str,
    *,
    host: str,
    began_at: str,
    seconds: float,
    users: int,
    processes: int,
    seed: int,
    nation: int,
    residents: int,
    card_keys: int,
    think: float | None,
) -> About:
    """The conditions of a run: with a plan (*journey* if it is that one only), or of *journey* in a closed model."""
    title = f"{journeys()[journey].title}（{journey}）" if journey in journeys() else "すべての行程"
    if plan is None:
        return About(
            title,
            host,
            "closed",
            began_at,
            seconds,
            users,
            processes,
            seed,
            nation,
            residents=users * residents,
        )
    profile = plan.profile
    squeezed = plan.seconds != profile.minutes * 60
    return About(
        profile.title + (f": {title}" if journey else ""), host, "open", began_at, plan.seconds, users, processes,
        seed, nation, profile.name, profile.what, profile.arrivals.value, plan.curve.peak, profile.national_peak,
        residents, card_keys, profile.think if think is None else think,
        (plan.clock(0), plan.clock(plan.seconds)) if squeezed else ("", ""),
    )  # fmt: skip


class Result(NamedTuple):
    """結果 of one run."""

    about: About
    report: Report
    levels: Levels = Levels()
    missing: int = 0
    """Workers whose last word did not come."""
    was_stopped: bool = False

    @property
    def findings(self) -> list[Finding]:
        return self.levels.findings(self.report)

    @property
    def spoiled(self) -> list[str]:
        """Why the figures say nothing about the portal."""
        found = self.levels.spoiled(self.report)
        if self.missing:
            found.append(f"作業プロセス{self.missing}個から最後の測定値が届かなかった")
        return found

    @property
    def complaints(self) -> list[str]:
        """What did not hold, in Japanese."""
        if self.levels.levels:
            return [finding.text for finding in self.findings if not finding.holds]
        found: list[str] = []
        if self.report.failures:
            found.append(f"失敗 {self.report.failures:,} 件")
        if self.report.starts.lost:
            found.append(f"始められなかった開始 {self.report.starts.lost:,} 件")
        return found

    @property
    def nothing_ended(self) -> bool:
        report = self.report
        return not report.total(REQUEST).count or not report.total(JOURNEY).count

    @property
    def exit_code(self) -> Exit:
        if self.was_stopped:
            return Exit.STOPPED
        if self.spoiled:
            return Exit.INVALID
        if self.nothing_ended or self.complaints:
            return Exit.BROKEN
        return Exit.HELD


def save(result: Result, path: Path) -> None:
    """For a later comparison. Raises ``OSError``."""
    content = {
        "mynasim_load": FORMAT,
        "about": msgspec.to_builtins(result.about),
        "report": result.report.encode(),
        "missing": result.missing,
        "was_stopped": result.was_stopped,
    }
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Result:
    """What :func:`save` wrote. Raises ``ValueError``, in Japanese."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ValueError(f"{path} が大きすぎます。")
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["mynasim_load"] != FORMAT:
            raise ValueError(f"{path} は別の版の結果です。もう一度測り直してください。")
        return Result(
            msgspec.convert(content["about"], About),
            Report.decode(content["report"]),
            Levels(),
            int(content["missing"]),
            bool(content["was_stopped"]),
        )
    except OSError as error:
        raise ValueError(f"{path} を読めません（{error.strerror or error}）。") from error
    except (
        KeyError,
        TypeError,
        AttributeError,
        UnicodeDecodeError,
        json.JSONDecodeError,
        msgspec.MsgspecError,
    ) as error:
        raise ValueError(
            f"{path} は mynasim load --save の結果ではありません。--save で書いたファイルを指定してください。"
        ) from error
