"""By which names a system's pages may be asked for (against DNS rebinding).

A page of somebody else's whose name leads to this machine would be, for a browser, of one origin with ours: it could
press every button. Such a request bears a *name* that is not ours: an address, or ``localhost``, no stranger can claim.
"""

from collections.abc import Iterable
from ipaddress import ip_address

__all__ = ["OwnNames"]


class OwnNames:
    """*names* are ours beside ``localhost`` and every address, whatever the port."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset({"localhost", *(name.lower().rstrip(".") for name in names if name)})

    def __repr__(self) -> str:
        return f"OwnNames({sorted(self.names)})"

    def admits(self, host: str) -> bool:
        """Whether this ``Host`` is one of ours. Who says none, as HTTP/1.0 allows, is no browser."""
        if not host:
            return True
        if host.startswith("["):
            name, closed, rest = host[1:].partition("]")
            return bool(closed) and (not rest or rest.startswith(":")) and _is_address(name)
        name = host.rpartition(":")[0] if ":" in host else host
        name = name.lower().rstrip(".")
        return name in self.names or name.endswith(".localhost") or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
