"""端末: what a session may do and how long it waits, by the kind of terminal it was opened at (ACC-7)."""

from collections.abc import Mapping
from typing import NamedTuple

from portal.wire.sign_in import Terminal


class Kind(NamedTuple):
    """端末の種類 and what follows from it."""

    name: str
    """As its user calls it."""
    shared: bool
    """Strangers come next: it waits for a short time only, and nothing is left behind on it."""


KINDS: Mapping[Terminal, Kind] = {
    Terminal.PC: Kind("パソコン", shared=False),
    Terminal.PHONE: Kind("スマートフォン", shared=False),
    Terminal.TABLET: Kind("タブレット", shared=False),
    Terminal.TV: Kind("テレビ", shared=False),
    Terminal.STORE: Kind("コンビニの端末", shared=True),
    Terminal.PUBLIC: Kind("公共機関の端末", shared=True),
}


_BY_NAME = {str(terminal): kind for terminal, kind in KINDS.items()}
_UNKNOWN = Kind("不明な端末", shared=True)


def kind_of(terminal: str) -> Kind:
    """Of a stored session; a kind that this version does not know counts as shared, to be on the safe side."""
    return _BY_NAME.get(terminal, _UNKNOWN)


def read_terminal(text: str) -> Terminal | None:
    try:
        return Terminal(text)
    except ValueError:
        return None


def idle_seconds(terminal: str, own: int, shared: int) -> int:
    """How long a session waits for its user, given the times for one's own terminals and for shared ones."""
    return min(own, shared) if kind_of(terminal).shared else own
