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
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from cards.card import Card
from cards.terminal import Signed, authenticate
from load.population import Population
from sim.cards_desk.pins import Pins
from sim.jpki.authority import holder_key_label
from sim.jpki.key_cache import prewarm
from sim.jpki.serials import Kind
from sim.world.facts import FIRST_DAY, WorldFacts

Progress = Callable[[int, int], None]


class ProcessChance:
    """Chance for the cards: the operating system's."""

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def uniform(self) -> float:
        return int.from_bytes(os.urandom(7)) / (1 << 56)


class Holder:
    """カードを持つ住民: a resident with the card in hand."""

    __slots__ = ("_card", "_pins", "n", "resident_id", "visits")

    def __init__(self, n: int, resident_id: str, card: Card, pins: Pins) -> None:
        self.n = n
        self.resident_id = resident_id
        self._card = card
        self._pins = pins
        self.visits = 0

    def __repr__(self) -> str:
        return f"<Holder {self.resident_id}, {self.visits} visits>"

    @property
    def nickname(self) -> str:
        """What this resident is called at the portal; FLD-2: not the name."""
        return f"住民{self.n % 10_000:04}"

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

    def __init__(self, facts: WorldFacts, seed: int, stripe: int = 0) -> None:
        self.facts = facts
        self.population = Population(facts.nation, seed, stripe)
        self._chance = ProcessChance()

    def __repr__(self) -> str:
        return f"CardCase({self.population!r})"

    def holder(self, index: int) -> Holder:
        """The resident who comes as the *index*-th, with the card; slow (52 ms) unless the keys were made ahead."""
        n = self.population.resident(index)
        wallet = self.facts.wallet
        person = self.facts.nation.person(n)
        return Holder(n, person.resident_id, wallet.card(n, self._chance), wallet.pins(n))

    def labels(self, first: int, count: int) -> Iterator[str]:
        """The labels of these residents' keys."""
        for n in self.population.residents(first, count):
            for kind in (Kind.AUTH, Kind.SIGN):
                yield holder_key_label(n, 0, kind)


def make_ahead(
    nation_seed: int,
    seed: int,
    count: int,
    folder: Path,
    progress: Progress | None = None,
    *,
    stripe: int = 0,
) -> int:
    """Make the keys of the first *count* residents who come; returns how many were missing."""
    facts = WorldFacts(nation_seed, folder)
    labels: Sequence[str] = list(CardCase(facts, seed, stripe).labels(0, count))
    return prewarm(folder, facts.jpki_seed, labels, progress=progress)


def make_ahead_elsewhere(
    nation_seed: int, seed: int, count: int, folder: Path, progress: Progress, *, stripe: int = 0
) -> None:
    """The same, in a process of its own. Raises ``RuntimeError`` when that fails."""
    command = [sys.executable, "-m", "load.holders", "--keys", str(folder)]
    command += ["--nation", str(nation_seed), "--seed", str(seed), "--count", str(count)]
    command += ["--stripe", str(stripe)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as maker:  # noqa: S603 - our own module
        assert maker.stdout is not None
        for line in maker.stdout:
            progress(*json.loads(line))
    if maker.returncode != 0:
        raise RuntimeError(f"カードの鍵を作れませんでした（終了コード {maker.returncode}）。")


def facts_of(nation_seed: int, folder: Path, as_of: date = FIRST_DAY) -> WorldFacts:
    """The world whose cards these are. *as_of* is its present day: by then expired cards have been renewed."""
    return WorldFacts(nation_seed, folder, as_of=as_of)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m load.holders", description=__doc__)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--nation", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stripe", type=int, default=0)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args(arguments)

    def say(done: int, total: int) -> None:
        sys.stdout.write(f"[{done}, {total}]\n")
        sys.stdout.flush()

    make_ahead(options.nation, options.seed, options.count, options.keys, say, stripe=options.stripe)


if __name__ == "__main__":
    main()
