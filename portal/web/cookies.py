"""The portal's cookies: who is signed in, as a citizen or as staff, and what this browser has begun.

Over TLS their names begin with ``__Host-``: a browser then takes them from this very host alone, over TLS alone, for all
of it. In the clear no browser would keep them so; the portal's address says which of the two it is.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from werkzeug.http import dump_cookie

from portal.web.addresses import PAGES
from portal.wire.sign_in import Terminal

SESSION_COOKIE = "mynasim_session"
STAFF_COOKIE = "mynasim_staff"
BEGUN_COOKIE = "mynasim_sign_in"
CARD_COOKIE = "mynasim_card"
TERMINAL_COOKIE = "mynasim_terminal"
TERMINAL_SECONDS = 365 * 86_400
HOST_PREFIX = "__Host-"
BEGUN_PATH = PAGES["sign_in"]
"""The sign-in pages alone get to see what was begun."""
BEGUN_MAX = 4
"""Windows of one browser that can be on their way to the card reader at the same time."""
WAY_BACK_CHARACTERS_MAX = 400

_MARK_BYTES = 16
_WAY_BACK = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~/?=&%+]*")


class Begun(msgspec.Struct, frozen=True):
    """A sign-in that this browser has begun: only it may complete it."""

    mark: str
    """Of the challenge."""
    terminal: Terminal
    way_back: str


_begun = msgspec.json.Decoder(tuple[Begun, ...])


class Cookies(NamedTuple):
    """Writes cookies that scripts can't read and other sites' forms don't bring along."""

    secure: bool
    """Only over TLS; false while the portal is served in the clear."""
    begun_seconds: int
    """As long as a challenge is good."""

    @property
    def session_name(self) -> str:
        return self._named(SESSION_COOKIE)

    @property
    def staff_name(self) -> str:
        return self._named(STAFF_COOKIE)

    @property
    def terminal_name(self) -> str:
        return self._named(TERMINAL_COOKIE)

    @property
    def card_name(self) -> str:
        return self._named(CARD_COOKIE)

    @property
    def begun_name(self) -> str:
        return self._named(BEGUN_COOKIE)

    def _named(self, name: str) -> str:
        return HOST_PREFIX + name if self.secure else name

    def _header(
        self, name: str, value: str, path: str, seconds: int | None, same_site: str = "Lax"
    ) -> tuple[str, str]:
        # Without sync_expires: the machine's clock is not the world's.
        text = dump_cookie(
            self._named(name), value, max_age=seconds, path="/" if self.secure else path, secure=self.secure,
            httponly=True, samesite=same_site, sync_expires=False,
        )  # fmt: skip
        return ("set-cookie", text)

    def session(self, token: str) -> tuple[str, str]:
        """Until the browser is closed; how long it is good for is the session's own matter."""
        return self._header(SESSION_COOKIE, token, "/", None)

    def no_session(self) -> tuple[str, str]:
        return self._header(SESSION_COOKIE, "", "/", 0)

    def staff(self, token: str | None) -> tuple[str, str]:
        """Of the desk's pages alone; None: signed out."""
        return self._header(STAFF_COOKIE, token or "", PAGES["desk"], None if token else 0)

    def begun(self, every: Sequence[Begun]) -> tuple[str, str]:
        """The newest come first, and the oldest fall off.

        Where the portal has TLS and the card reader's page has none, a browser takes them for two sites. The form that
        comes back from there must bring this cookie along; it proves nothing but that the sign-in was begun here.
        """
        text = base64.urlsafe_b64encode(msgspec.json.encode(every[:BEGUN_MAX])).decode()
        return self._header(
            BEGUN_COOKIE, text, BEGUN_PATH, self.begun_seconds if every else 0, self._from_reader
        )

    def terminal(self, kind: Terminal) -> tuple[str, str]:
        """Of the browser, not of who sits there: the next one at a shop's terminal is at a shop's terminal too (ACC-7)."""
        return self._header(TERMINAL_COOKIE, kind, "/", TERMINAL_SECONDS)

    def card(self, sealed: str | None) -> tuple[str, str]:
        """Of who has gone to the card reader with a proxy's card, for the same reason; None: they are back."""
        path = PAGES["proxies.complete"]
        return self._header(
            CARD_COOKIE, sealed or "", path, self.begun_seconds if sealed else 0, self._from_reader
        )

    @property
    def _from_reader(self) -> str:
        return "None" if self.secure else "Lax"


def read_begun(text: str) -> tuple[Begun, ...]:
    """What a browser brings as its begun sign-ins; nothing when it can't be read."""
    try:
        return _begun.decode(base64.b64decode(text.encode(), altchars=b"-_", validate=True))[:BEGUN_MAX]
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        return ()


def mark_of(challenge: str) -> str:
    """A challenge as the cookie names it: knowing the one does not tell the other."""
    return hashlib.sha256(challenge.encode("utf-8", "replace")).hexdigest()[: 2 * _MARK_BYTES]


def safe_way_back(text: str) -> str:
    """A page of this site to return to, or "" when *text* could lead anywhere else."""
    if len(text) > WAY_BACK_CHARACTERS_MAX or _WAY_BACK.fullmatch(text) is None:
        return ""
    return text
