"""カードリーダー, as pages use it: where it is, and the card's answer that it sends back in a form."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from portal.wire.limits import CERTIFICATE_BYTES_MAX, SIGNATURE_BYTES_MAX

READ_PATH = "/read"
"""Of the card reader's page."""
BRIDGE = "bridge"
"""What a form says in ``reader`` to be given the challenge for the card bridge."""


class Reader(NamedTuple):
    """カードリーダー: where its page is, where it is to send the browser back to, and where a bridge to cards may be."""

    url: str
    portal_origin: str
    bridge: str
    """Origin of the card bridge on people's own machines; empty: not offered."""

    @property
    def origins(self) -> tuple[str, ...]:
        """For the policy of the page whose form ends there."""
        parts = urlsplit(self.url)
        return (f"{parts.scheme}://{parts.netloc}",) if self.url else ()

    @property
    def script_origins(self) -> tuple[str, ...]:
        """For the policy of a page on which the bridge is offered."""
        return (self.bridge,) if self.bridge else ()

    def is_bridge(self, form: Mapping[str, str]) -> bool:
        """Whether this form was sent by the bridge's script, which wants the challenge itself."""
        return bool(self.bridge) and form.get("reader") == BRIDGE

    def address(self, challenge: str, digest_info: bytes, own_origin: str, back_to: str) -> str:
        """Of the reader's page for this challenge; *back_to* is the page that it comes back to."""
        pairs = {
            "challenge": challenge,
            "digest_info": base64.urlsafe_b64encode(digest_info).decode(),
            "return_to": f"{self.portal_origin or own_origin}{back_to}",
        }
        return f"{self.url}{READ_PATH}?{urlencode(pairs)}"


def for_bridge(challenge: str, digest_info: bytes) -> dict[str, str]:
    """What the bridge's script is given instead of that address."""
    return {"challenge": challenge, "digest": base64.b64encode(digest_info).decode()}


class CardAnswer(msgspec.Struct, frozen=True):
    """What the reader's form brings back."""

    challenge: Annotated[str, msgspec.Meta(max_length=400)]
    signature: Annotated[bytes, msgspec.Meta(max_length=SIGNATURE_BYTES_MAX)]
    certificate: Annotated[bytes, msgspec.Meta(max_length=CERTIFICATE_BYTES_MAX)]


def read_answer(form: Mapping[str, str]) -> CardAnswer | None:
    """The card's answer, or None when it can't be read."""
    try:
        content = {
            "challenge": form.get("challenge", ""),
            "signature": _base64url(form.get("signature", "")),
            "certificate": _base64url(form.get("certificate", "")),
        }
        return msgspec.convert(content, CardAnswer)
    except (ValueError, binascii.Error, msgspec.ValidationError):
        return None


def _base64url(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
