"""Columns hold the same people as `person`, follow the census, and cost no memory beyond themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.nation.build.census import AGE_GROUP_POPULATIONS, HOUSEHOLD_TYPE_SHARES, MALE_SHARES
from sim.nation.chance import draw, draw_column
from sim.nation.columns import CHUNK, chunks, columns_of
from sim.nation.nation import Nation, UnknownResident
from sim.nation.numbers import Permutation

NATION = Nation(1)
VALID = Nation(3, valid_my_numbers=True)
words = st.integers(0, 2**64 - 1)
Census = dict[str, dict[str, str]]


@given(words, st.lists(words, min_size=1))
def test_draws_are_the_same_one_by_one(key: int, counters: list[int]) -> None:
    column = draw_column(key, np.array(counters, dtype=np.uint64))

    assert column.tolist() == [draw(key, counter) for counter in counters]


@given(st.integers(), st.integers(1, 10**6), st.integers(1, 10**6), st.data())
def test_permutations_can_be_undone(seed: int, left: int, right: int, data: st.DataObject) -> None:
    permutation = Permutation(seed, "test", left, right)
    value = data.draw(st.integers(0, left * right - 1))
    permuted = permutation(value)

    assert 0 <= permuted < left * right
    assert permutation.inverse(permuted) == value
    assert permutation.column(np.array([value], dtype=np.uint64)).tolist() == [permuted]


def test_a_permutation_of_a_small_domain_is_one() -> None:
    permutation = Permutation(5, "test", 37, 53)

    assert sorted(map(permutation, range(permutation.size))) == list(range(permutation.size))


@pytest.mark.parametrize("nation", [NATION, VALID], ids=["wrong on purpose", "valid"])
@given(start=st.integers(0, NATION.size - 1), step=st.integers(1, 5000), count=st.integers(1, 25))
@settings(max_examples=40)
def test_columns_are_the_same_people(nation: Nation, start: int, step: int, count: int) -> None:
    numbers = range(start, min(start + step * count, nation.size), step)
    people = nation.columns(numbers)
    families, given_names = people.families(), people.given_names()
    family_kana, given_kana = people.families(kana=True), people.given_names(kana=True)

    assert len(people) == len(numbers)
    for at, n in enumerate(numbers):
        person = nation.person(n)
        assert (families[at], given_names[at]) == (person.family, person.given)
        assert (family_kana[at], given_kana[at]) == (person.family_kana, person.given_kana)
        assert people.birth_date[at] == np.datetime64(person.birth_date)
        assert (people.sex[at], people.role[at], people.household[at]) == (
            person.sex,
            person.role,
            person.household,
        )
        assert f"{people.my_number[at]:012d}" == person.my_number
        assert f"{people.resident_code[at]:011d}" == person.resident_code
        assert people.age[at] == person.age(nation.reference_date)
        assert people.identity[at] == nation.identity(person)
        assert people.holds_card[at] == person.holds_card
        assert nation.by_identity(int(people.identity[at])) == n


def test_empty_and_outside_ranges() -> None:
    assert len(NATION.columns(range(5, 5))) == 0
    for numbers in (range(-1, 3), range(NATION.size - 1, NATION.size + 1)):
        with pytest.raises(UnknownResident):
            NATION.columns(numbers)


def test_chunks_are_the_whole() -> None:
    numbers = range(1_000_000, 1_000_000 + 2 * CHUNK + 5)
    parts = [part.n for part in chunks(NATION, numbers)]

    assert [len(part) for part in parts] == [CHUNK, CHUNK, 5]
    assert np.concatenate(parts).tolist() == list(numbers)


def sample() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A million residents from all over the nation, in runs of whole blocks."""
    starts = np.arange(0, NATION.size - 64, NATION.size // 16_000, dtype=np.int64)
    return (starts[:, None] + np.arange(64)).ravel()


def test_ages_and_sexes_follow_the_census() -> None:
    people = columns_of(NATION, sample())
    groups = np.minimum(people.age // 5, 20)
    whole = sum(AGE_GROUP_POPULATIONS)
    for group, thousands in enumerate(AGE_GROUP_POPULATIONS):
        for sex, share in ((1, MALE_SHARES[group]), (2, 1 - MALE_SHARES[group])):
            expected = thousands * share / whole
            found = float(np.mean((groups == group) & (people.sex == sex)))
            # Within four in a hundred of the group; the oldest are too few for that.
            assert abs(found - expected) < 0.04 * expected + 0.0002, (group, sex)
    assert abs(float(np.mean(people.sex == 1)) - 0.4863) < 0.004


def test_household_sizes_follow_the_census() -> None:
    people = columns_of(NATION, sample())
    heads = people.household_size[people.role == 0]

    assert abs(float(heads.mean()) - 2.265) < 0.05
    assert abs(float(np.mean(heads == 1)) - HOUSEHOLD_TYPE_SHARES[0]) < 0.02


def test_ages_match_the_official_table(census: Census) -> None:
    rows = census.values()
    people = columns_of(NATION, sample())
    names = [f"a{5 * g}_{5 * g + 4}" for g in range(20)] + ["a100p"]
    counted = np.array([sum(int(row[name]) for row in rows) for name in names], dtype=float)
    ours = np.bincount(np.minimum(people.age // 5, 20), minlength=21) / len(people)

    # The table leaves 2.3 % of ages unknown, most of them of the young.
    assert np.abs(ours - counted / counted.sum()).max() < 0.003


def test_small_places_are_older() -> None:
    small, large = (NATION.columns(NATION.residents_of(code)) for code in ("203050", "131130"))

    assert (small.age >= 65).mean() > (large.age >= 65).mean() + 0.05


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_people_across_the_whole_nation_under_200_megabytes() -> None:
    program = """
from sim.nation.nation import Nation
nation = Nation(1)
for n in range(0, nation.size, nation.size // 20_000):
    nation.person(n)
for start in range(0, nation.size, nation.size // 40):
    nation.columns(range(start, min(start + 50_000, nation.size))).my_number
# Not ru_maxrss: that starts from the parent's.
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ)
    )

    assert int(done.stdout) < 200 * 1024
