"""How systems prove to each other who they are: a key for each, derived from one secret of the installation.

Real systems use dedicated lines and client certificates; on one machine this keeps any other program from
putting forged answers into somebody's folder.
"""

import hmac

from portal.wire.systems import Party, System

SCHEME = "System"


def key_of(secret: bytes, caller: System | Party) -> str:
    """The key with which this caller proves itself."""
    return hmac.new(secret, f"caller:{caller}".encode(), "sha256").hexdigest()


def authorization_of(secret: bytes, caller: System | Party) -> str:
    """The ``Authorization`` header of this caller."""
    return f"{SCHEME} {caller} {key_of(secret, caller)}"


class SystemKeys:
    """Knows every caller by its header."""

    def __init__(self, secret: bytes) -> None:
        callers: tuple[System | Party, ...] = (*System, Party.OPERATOR)
        self._callers = {authorization_of(secret, caller): caller for caller in callers}

    def __repr__(self) -> str:
        return "SystemKeys()"

    def caller(self, authorization: str) -> System | Party | None:
        """Who sent this header; None for nobody we know.

        A dictionary's look-up by a 256-bit key leaks no more through time than its hash, which is keyed by chance.
        """
        return self._callers.get(authorization)
