"""Where the time of a request went: what waiting for other systems took, for the ``Server-Timing`` header (W3C).

Whoever answers a request opens an account (:func:`begin`); every link that is used meanwhile, in this task or in one
that it started, adds to it. A peer that says in its own header how long *it* waited for others is believed, so the
portal can tell the network from the municipality behind it. It measures and decides nothing.
"""

from contextvars import ContextVar, Token

import msgspec

from portal.wire.operation import WireResponse

HEADER = "server-timing"
OWN = "total"
"""The metric with the whole time of who answers; the others are systems that it waited for."""
METRICS_READ_MAX = 16
"""Of a peer's header."""
SHORT_MICROSECONDS_MAX = 1_000
"""What took less and waited for nobody is written once, not by each request."""

_SHORT: dict[int, tuple[str, str]] = {}


class Spent(msgspec.Struct):
    """費やした時間 of one request, in nanoseconds by the name of the system waited for."""

    by_system: dict[str, int] = {}

    def waited(self, system: str, took_ns: int, answer: WireResponse | None) -> None:
        """So long for *system*; what its answer says of others behind it is theirs."""
        if answer is not None:
            for name, value in answer.headers:
                if name == HEADER:
                    for other, behind_ns in read(value).items():
                        # Nobody can have waited longer than we waited for him.
                        if other != OWN and behind_ns <= took_ns:
                            took_ns -= behind_ns
                            self.by_system[other] = self.by_system.get(other, 0) + behind_ns
        self.by_system[system] = self.by_system.get(system, 0) + took_ns

    def header(self, total_ns: int) -> tuple[str, str]:
        """The header ``Server-Timing``: milliseconds, to the microsecond."""
        if not self.by_system:
            total_us = (total_ns + 500) // 1_000
            known = _SHORT.get(total_us)
            if known is not None:
                return known
            header = HEADER, f"{OWN};dur={total_us / 1e3:.3f}"
            if total_us < SHORT_MICROSECONDS_MAX:
                _SHORT[total_us] = header
            return header
        parts = [f"{OWN};dur={total_ns / 1e6:.3f}"]
        parts += [f"{name};dur={took / 1e6:.3f}" for name, took in self.by_system.items()]
        return HEADER, ", ".join(parts)


_ACCOUNT: ContextVar[Spent | None] = ContextVar("mynasim_spent", default=None)


def begin() -> tuple[Spent, Token[Spent | None]]:
    """Open an account for the request that is answered here; :func:`end` takes the token."""
    spent = Spent()
    return spent, _ACCOUNT.set(spent)


def end(token: Token[Spent | None]) -> None:
    _ACCOUNT.reset(token)


def account() -> Spent | None:
    """The account of the request that is being answered, if somebody keeps one."""
    return _ACCOUNT.get()


def read(value: str) -> dict[str, int]:
    """Nanoseconds by metric of a ``Server-Timing`` header; what is not understood is passed over."""
    found: dict[str, int] = {}
    for metric in value.split(",", METRICS_READ_MAX)[:METRICS_READ_MAX]:
        name, *parameters = metric.split(";")
        for parameter in parameters:
            key, _, number = parameter.partition("=")
            if key.strip() == "dur":
                try:
                    duration = float(number.strip().strip('"'))
                except ValueError:
                    continue
                if 0 <= duration < 1e9:
                    found[name.strip()] = round(duration * 1e6)
    return found
