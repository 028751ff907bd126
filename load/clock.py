"""Time as a measurement knows it: the machine's, since load stands outside any world, as a real client does.

This file alone of load reads the real clock. It is not the portal's (``portal.seams.clock``): that one brings Trio along.
"""

from datetime import UTC, datetime
from time import perf_counter, process_time, time_ns

stopwatch_s = perf_counter
"""Seconds since some moment. Not wrapped, because it is read several times for every request."""
cpu_s = process_time
"""Seconds of CPU time that this process has spent."""


def now_ms() -> int:
    """UTC, milliseconds since 1970."""
    return time_ns() // 1_000_000


def moment() -> str:
    """Now, as reports say it: to the second, with the time zone of this machine."""
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")
