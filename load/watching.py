"""The generator watches itself: a figure of a portal is worth nothing when whoever measured it was the bottleneck."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from load.histogram import Histogram

LOOK_SECONDS = 0.02
"""How often the event loop's delay is measured."""
CPU_SECONDS = 1.0
"""Over how long the CPU time is averaged."""


class Watched:
    """負荷をかける側の状態, of one process."""

    __slots__ = ("cpu", "delay", "lag", "name", "seconds", "spent")

    def __init__(self, name: str = "") -> None:
        self.name = name or f"{os.uname().nodename}/{os.getpid()}"
        self.delay = Histogram()
        """How late a greenlet woke that wanted to wake at a certain moment: the event loop's delay."""
        self.lag = Histogram()
        """How late a visit began for which everything was ready: the schedule's lag."""
        self.cpu = Histogram()
        """Share of one core in each second, in millionths."""
        self.seconds = 0.0
        self.spent = 0.0
        """CPU seconds in the measured window."""

    def __repr__(self) -> str:
        return f"<Watched {self.name}: CPU {self.cpu_share:.0%}>"

    @property
    def cpu_share(self) -> float:
        return self.spent / self.seconds if self.seconds else 0.0

    def clear(self) -> None:
        self.delay, self.lag, self.cpu = Histogram(), Histogram(), Histogram()
        self.seconds = self.spent = 0.0

    def encode(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "delay": self.delay.encode(),
            "lag": self.lag.encode(),
            "cpu": self.cpu.encode(),
            "seconds": self.seconds,
            "spent": self.spent,
        }

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "Watched":
        watched = cls(content["name"])
        watched.delay = Histogram.decode(content["delay"])
        watched.lag = Histogram.decode(content["lag"])
        watched.cpu = Histogram.decode(content["cpu"])
        watched.seconds, watched.spent = float(content["seconds"]), float(content["spent"])
        return watched


class GeneratorLimits(msgspec.Struct, frozen=True):
    """What the generator may be in without spoiling the figures."""

    lag_p99_ms: float = 100.0
    loop_p99_ms: float = 100.0
    cpu_percent: float = 90.0


def spoiled(watched: Watched, limits: GeneratorLimits) -> list[str]:
    """Why this process was a bottleneck, in Japanese; empty when it was none."""
    found: list[str] = []
    lag = watched.lag.percentile(99) / 1000
    if lag > limits.lag_p99_ms:
        found.append(
            f"{watched.name}: 予定した時刻からの開始の遅れ p99 {lag:.0f} ms（上限 {limits.lag_p99_ms:g} ms）"
        )
    delay = watched.delay.percentile(99) / 1000
    if delay > limits.loop_p99_ms:
        found.append(
            f"{watched.name}: イベントループの遅れ p99 {delay:.0f} ms（上限 {limits.loop_p99_ms:g} ms）"
        )
    share = watched.cpu_share * 100
    if share > limits.cpu_percent:
        found.append(f"{watched.name}: CPU {share:.0f} %（上限 {limits.cpu_percent:g} %）")
    return found
