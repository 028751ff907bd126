"""Whom the explorer draws its residents from: a small pool, so that their cards are made once."""

from functools import cache
from pathlib import Path

from sim.jpki.authority import holder_key_label
from sim.jpki.key_cache import prewarm
from sim.jpki.serials import Kind
from sim.nation.chance import draw, key_for
from sim.nation.nation import Nation
from sim.world.facts import WorldFacts

POOL = 32
AGE_MIN = 18
NATION_SEED = 1


@cache
def _pool(seed: int) -> tuple[int, ...]:
    nation = Nation(seed)
    found = [person.n for person in nation.examples()]
    key, number = key_for(seed, "explorer"), 0
    while len(found) < POOL:
        person = nation.person(draw(key, number) % nation.size)
        number += 1
        if person.holds_card and person.age(nation.reference_date) >= AGE_MIN and person.n not in found:
            found.append(person.n)
    return tuple(found)


def pool() -> tuple[int, ...]:
    """The residents' numbers: the five examples, and others from all over the country by weight."""
    return _pool(NATION_SEED)


def make_ahead(keys: Path | None) -> None:
    """Make the keys of their cards, unless they are there."""
    if keys is None:
        return
    labels = [holder_key_label(n, 0, kind) for n in pool() for kind in (Kind.AUTH, Kind.SIGN)]
    prewarm(keys, WorldFacts(NATION_SEED, keys).jpki_seed, labels)
