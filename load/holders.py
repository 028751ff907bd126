"""The residents' cards in this process, and their keys made ahead of the measured window.

A key takes 26 ms when it is first made and is kept on disk from then on, so that a run measures the portal and not
the making of cards. ``python -m load.holders`` makes them without Locust; it is what a Locust process calls, because
the workers that make keys on all cores must not inherit gevent's patches.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from cards.card import Card
from cards.terminal import Signed, authenticate
from load.population import Population
from load.steps import Hand, ReadyToSignIn
from sim.cards_desk.pins import Pins
from sim.cards_desk.wallet import Wallet
from sim.jpki.authority import Authority, holder_key_label
from sim.jpki.key_cache import prewarm
from sim.jpki.serials import Kind
from sim.jpki.shared_keys import SharedKeys as SharedKeys
from sim.world.facts import FIRST_DAY, WorldFacts

HOLDERS_KEPT_MAX = 20_000
"""Residents with their cards held in memory; each is some kilobytes."""
SHARED_KEYS = 64
"""Keys for all cards of a planned run, unless it is said otherwise."""

CENSUS_VARIABLE = "MYNASIM_LOAD_CENSUS"
"""Path of a state's ``populations.json``."""

Progress = Callable[[int, int], None]


class ProcessChance:
    """Chance for the cards: the operating system's."""

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def uniform(self) -> float:
        return int.from_bytes(os.urandom(7)) / (1 << 56)


class Holder:
    """カードを持つ住民: a resident with the card in hand."""

    __slots__ = ("_card", "_pins", "companion", "n", "ready", "resident_id", "visits")

    def __init__(self, n: int, resident_id: str, card: Card, pins: Pins) -> None:
        self.n = n
        self.resident_id = resident_id
        self._card = card
        self._pins = pins
        self.visits = 0
        self.companion: Holder | None = None
        """Who comes along, in journeys of two."""
        self.ready: list[tuple[float, ReadyToSignIn]] = []
        """Challenges signed ahead, each with the moment (``stopwatch_s``) until which the portal takes it."""

    def __repr__(self) -> str:
        return f"<Holder {self.resident_id}, {self.visits} visits>"

    @property
    def nickname(self) -> str:
        """What this resident is called at the portal; FLD-2: not the name."""
        return f"住民{self.n % 10_000:04}"

    def at(self, hand: Hand) -> "Holder":
        """Whose card it is: this resident's own, or the companion's."""
        if hand is Hand.VISITOR:
            return self
        assert self.companion is not None, "nobody came along: the journey says no company"
        return self.companion

    def sign(self, digest_info: bytes) -> Signed | None:
        """Hold the card to the reader, type the PIN, sign. None when the card refuses."""
        self._card.power_on()
        try:
            outcome = authenticate(self._card.transmit, self._pins.auth, digest_info)
        finally:
            self._card.power_off()
        return outcome if isinstance(outcome, Signed) else None


class CardCase:
    """カードケース: the cards of the residents who come, in the order in which they come."""

    def __init__(
        self, facts: WorldFacts, seed: int, *, population: Population | None = None, shared_keys: int = 0
    ) -> None:
        """With *shared_keys* so many keys serve for all cards (:class:`SharedKeys`)."""
        self.facts = facts
        self.population = population or Population(facts.nation, seed)
        self._chance = ProcessChance()
        self._wallet = facts.wallet
        if shared_keys:
            keys = SharedKeys(facts.keys, shared_keys)
            authority = Authority(facts.jpki_seed, keys)
            # Each card is wanted once: kept would only be what nobody asks for again.
            self._wallet = Wallet(facts.nation, authority, keys, facts.as_of, made_max=1)
        self._kept: OrderedDict[int, Holder] = OrderedDict()

    def __repr__(self) -> str:
        return f"CardCase({self.population!r})"

    def of(self, n: int) -> Holder:
        """This resident with the card; slow (52 ms, with shared keys 2 ms) unless the keys were made ahead."""
        holder = self._kept.get(n)
        if holder is None:
            person = self.facts.nation.person(n)
            holder = Holder(n, person.resident_id, self._wallet.card(n, self._chance), self._wallet.pins(n))
            self._kept[n] = holder
            if len(self._kept) > HOLDERS_KEPT_MAX:
                self._kept.popitem(last=False)
        return holder

    def holder(self, index: int) -> Holder:
        """The *index*-th of those who come."""
        return self.of(self.population.residents(index, 1)[0])

    def accompanied(self, holder: Holder, index: int) -> None:
        """The *index*-th of those who come brings a companion along, always the same one."""
        if holder.companion is None:
            holder.companion = self.of(self.population.companion(index))

    def labels(self, first: int, count: int, *, company: bool = False) -> Iterator[str]:
        """The labels of these residents' keys; with *company* of their companions' too."""
        found = self.population.residents(first, count)
        if company:
            found += [self.population.companion(index) for index in range(first, first + count)]
        for n in found:
            for kind in (Kind.AUTH, Kind.SIGN):
                yield holder_key_label(n, 0, kind)


def make_ahead(
    nation_seed: int,
    seed: int,
    count: int,
    folder: Path,
    progress: Progress | None = None,
    *,
    shared_keys: int = 0,
    company: bool = False,
) -> int:
    """Make the keys of the first *count* residents who come, or those that all cards share; returns how many were missing.

    *company*: of their companions as well.
    """
    facts = facts_of(nation_seed, folder)
    labels: Iterator[str] = CardCase(facts, seed).labels(0, count, company=company)
    if shared_keys:
        labels = SharedKeys(facts.keys, shared_keys).labels()
    return prewarm(folder, facts.jpki_seed, list(labels), progress=progress)


def make_ahead_elsewhere(
    nation_seed: int,
    seed: int,
    count: int,
    folder: Path,
    progress: Progress,
    *,
    shared_keys: int = 0,
    company: bool = False,
) -> None:
    """The same, in a process of its own. Raises ``RuntimeError`` when that fails."""
    command = [sys.executable, "-m", "load.holders", "--keys", str(folder)]
    command += ["--nation", str(nation_seed), "--seed", str(seed), "--count", str(count)]
    command += ["--shared-keys", str(shared_keys), *(["--company"] if company else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as maker:  # noqa: S603 - our own module
        assert maker.stdout is not None
        for line in maker.stdout:
            progress(*json.loads(line))
    if maker.returncode != 0:
        raise RuntimeError(f"カードの鍵を作れませんでした（終了コード {maker.returncode}）。")


def facts_of(nation_seed: int, folder: Path, as_of: date = FIRST_DAY) -> WorldFacts:
    """The world whose cards these are. *as_of* is its present day: by then expired cards have been renewed."""
    return WorldFacts(nation_seed, folder, as_of=as_of, populations=census())


def census() -> dict[str, int] | None:
    """The people of municipalities where the world under load has an imported census table; None: the shipped ones.

    Every process of the load computes residents, so the file is named in the environment (:data:`CENSUS_VARIABLE`).
    """
    path = os.environ.get(CENSUS_VARIABLE)
    if not path:
        return None
    people: dict[str, int] = json.loads(Path(path).read_bytes())["people"]
    return people


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m load.holders", description=__doc__)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--nation", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared-keys", type=int, default=0)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--company", action="store_true")
    options = parser.parse_args(arguments)

    def say(done: int, total: int) -> None:
        sys.stdout.write(f"[{done}, {total}]\n")
        sys.stdout.flush()

    make_ahead(
        options.nation,
        options.seed,
        options.count,
        options.keys,
        say,
        shared_keys=options.shared_keys,
        company=options.company,
    )


if __name__ == "__main__":
    main()
