"""Ours: the locustfile as it is. Without signatures the card answers at once, and everything else is the same."""

import os

from cards.terminal import Signed
from load.holders import Holder

if os.environ.get("BENCH_SIGNS") != "1":
    _SIGNED = Signed(b"s" * 256, b"c" * 1400)
    Holder.sign = lambda self, digest_info: _SIGNED  # type: ignore[method-assign]

from load.locustfile import *  # noqa: F403 - Locust finds the user classes by their names
