"""What is true in a world before anything happens: nation, JPKI, linkage codes, cards; all of it from one seed."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sim.cards_desk.wallet import Wallet
from sim.jpki.authority import Authority
from sim.jpki.key_cache import KeyCache
from sim.jpki.keys import KeySource
from sim.jpki.serials import Kind, Serials
from sim.jpki.shared_keys import SharedKeys
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

FIRST_DAY = date(2026, 4, 1)
"""When a world begins unless it is told otherwise: the day for which the nation is computed."""


class WorldFacts:
    """世界の前提: the same in every process that is given the same seed."""

    def __init__(
        self,
        seed: int,
        key_folder: Path | None,
        *,
        as_of: date = FIRST_DAY,
        valid_my_numbers: bool = False,
        populations: Mapping[str, int] | None = None,
        shared_keys: int = 0,
    ) -> None:
        """With *shared_keys* so many keys serve for all cards (:class:`SharedKeys`)."""
        self.seed = seed
        self.as_of = as_of
        self.jpki_seed = secret_of(seed, "jpki")
        self.nation = Nation(seed, valid_my_numbers=valid_my_numbers, populations=populations)
        self.keys = KeyCache(key_folder)
        keys: KeySource = SharedKeys(self.keys, shared_keys) if shared_keys else self.keys
        self.authority = Authority(self.jpki_seed, keys)
        self.serials: Serials = self.authority.serials
        self.codes = LinkageCodes(secret_of(seed, "linkage codes"))
        self.wallet = Wallet(self.nation, self.authority, keys, as_of)

    def __repr__(self) -> str:
        return f"WorldFacts(seed={self.seed})"

    def trust(self) -> tuple[bytes, ...]:
        """The certificates (DER) that a portal in this world trusts for signing in."""
        return (self.authority.ca(Kind.AUTH).certificate_der,)


def secret_of(seed: int, name: str) -> bytes:
    """A secret of the simulation that everybody with the seed can know: 32 bytes."""
    return hashlib.sha256(f"mynasim world {seed}: {name}".encode()).digest()
