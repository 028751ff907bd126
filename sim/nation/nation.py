"""The nation (国): 126 million residents, each computed when called up.

A resident is a number inside a municipality. From it and the seed come, without a table of residents, the block of
neighbours, the place in it, and with these household, age and sex; the rest is drawn by the resident or the household.
Memory is the size of the shipped tables, whatever part of the nation is looked at.

A resident's draws depend on the municipality's code and the number inside it only. So `131016-12` stays the same
person, My Number included, when other municipalities get other populations from a census table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING

from sim.nation.blocks import BLOCK_BITS, BLOCK_SIZE, Role, blocks, kind_of_block
from sim.nation.chance import draw, key_for
from sim.nation.municipalities import (
    MUNICIPALITIES,
    MUNICIPALITY_PEOPLE_MAX,
    Municipality,
    UnknownMunicipality,
    municipality,
)
from sim.nation.names import given_table_of, name_tables, traditional_share
from sim.nation.numbers import MyNumbers, Permutation, ResidentCodes
from sim.nation.person import Address, Card, Member, Person, age_on
from sim.nation.towns import address_text, towns

if TYPE_CHECKING:
    from sim.nation.circumstances import Circumstances
    from sim.nation.columns import Columns

__all__ = ["CARD_HOLDERS_OF_1024", "LOCAL_BITS", "REFERENCE_DATE", "Nation", "UnknownResident"]

REFERENCE_DATE = date(2026, 4, 1)

RECENT_MAX = 1_024
"""People remembered for a moment: whoever asks about a resident asks several times in a row, of several systems."""

_DIGITS_MAX = 9  # of a resident's number inside a municipality, leading noughts included
LOCAL_BITS = MUNICIPALITY_PEOPLE_MAX.bit_length() - 1
_LOCAL_MASK = MUNICIPALITY_PEOPLE_MAX - 1
CARD_HOLDERS_OF_1024 = 812  # 100,029,804 cards (2025-12) among 126,146,099 residents
_CARD_AGE_DAYS_MAX = 3200  # younger than its tenth birthday in any case
_MINORS_CARD_AGE_DAYS_MAX = 1400  # and than its fifth, for those who may have been minors at issue
_MAYBE_MINOR_AT_ISSUE = 28  # years of age


class UnknownResident(LookupError):
    """No such resident. The message is for people."""


class Nation:
    """All residents under a seed, on a reference date for ages.

    `valid_my_numbers` gives My Numbers and resident codes whose check digits are right; by default they are wrong by
    one, so that no simulated number can be taken for a real one. `populations` replaces the people of municipalities
    (six-digit code to people), for instance by the official census table.
    """

    def __init__(
        self,
        seed: int,
        *,
        reference_date: date = REFERENCE_DATE,
        valid_my_numbers: bool = False,
        populations: Mapping[str, int] | None = None,
    ) -> None:
        self.seed = seed
        self.reference_date = reference_date
        self.valid_my_numbers = valid_my_numbers
        self.populations: tuple[int, ...] = _populations(populations)
        self.starts: tuple[int, ...] = (
            0,
            *accumulate(self.populations),
        )  # n of each first resident, and the size
        self.size = self.starts[-1]
        self.person_key = key_for(seed, "person")
        self.household_key = key_for(seed, "household")
        self.block_key = key_for(seed, "block")
        self.my_numbers = MyNumbers(seed, valid=valid_my_numbers)
        self.resident_codes = ResidentCodes(seed, valid=valid_my_numbers)
        self._serials = Permutation(seed, "card serial", 10**6, 10**6)
        self._recent: OrderedDict[int, Person] = OrderedDict()
        self._examples: tuple[Person, ...] = ()
        self.recent_lives: OrderedDict[int, Circumstances] = OrderedDict()
        """For `circumstances` alone, which fills it."""
        self._blocks = blocks()
        self._names = name_tables()
        self._towns = towns()
        # Ordinal of the day on which one who is now a years old had the last birthday at the latest.
        self.birthdays = tuple(_years_before(reference_date, age).toordinal() for age in range(128))
        self.traditional_shares = tuple(
            tuple(traditional_share(reference_date.year - age, sex) if sex else 0 for sex in range(3))
            for age in range(128)
        )

    def __repr__(self) -> str:
        return f"Nation(seed={self.seed}, size={self.size}, reference_date={self.reference_date})"

    def person(self, n: int) -> Person:
        """Resident number `n`. Raises `UnknownResident` unless 0 ≤ n < size."""
        person = self._recent.get(n)
        if person is None:
            person = self._recent[n] = self._compute(n)
            if len(self._recent) > RECENT_MAX:
                self._recent.popitem(last=False)
        return person

    def _compute(self, n: int) -> Person:
        if not 0 <= n < self.size:
            raise UnknownResident(f"住民の番号は0から{self.size - 1}までです: {n}")
        index = bisect_right(self.starts, n) - 1
        place, local, start = MUNICIPALITIES[index], n - self.starts[index], self.starts[index]
        uid = index << LOCAL_BITS | local
        block = uid >> BLOCK_BITS
        block_word = draw(self.block_key, block)
        entry = kind_of_block(block_word, place.ageing) << BLOCK_BITS | local & (BLOCK_SIZE - 1)
        table = self._blocks
        sex, age = table.sex[entry], table.age[entry]
        head = local & ~(BLOCK_SIZE - 1) | table.head[entry]
        home_word = draw(self.household_key, index << LOCAL_BITS | head)
        word = draw(self.person_key, uid)

        born = self.birthdays[age] - ((word & 0xFFFF) * 365 >> 16)
        birth_date = date.fromordinal(born)
        is_traditional = (word >> 32 & 0xFF) < self.traditional_shares[age][sex]
        surnames, given = self._names[0], self._names[given_table_of(sex, traditional=is_traditional)]
        surname, given_name = surnames.by_draw[home_word & 0xFFFF], given.by_draw[word >> 16 & 0xFFFF]
        return Person(
            n,
            f"{place.code}-{local + 1}",
            surnames.kanji[surname],
            given.kanji[given_name],
            surnames.kana[surname],
            given.kana[given_name],
            birth_date,
            sex,
            self._address(place, block_word, home_word, alone=table.size[entry] == 1),
            start + head,
            _ROLES[table.role[entry]],
            self.my_numbers.of(uid),
            self.resident_codes.of(uid),
            self._card(uid, birth_date, age, word),
            (word >> 54) < CARD_HOLDERS_OF_1024,
        )

    def resident(self, resident_id: str) -> Person:
        """The resident people call `131016-12`. Raises `UnknownResident` with what is wrong."""
        return self.person(self.number_of(resident_id))

    def resident_id(self, n: int) -> str:
        """What people call resident `n`: `131016-12`. Raises `UnknownResident`."""
        if not 0 <= n < self.size:
            raise UnknownResident(f"住民の番号は0から{self.size - 1}までです: {n}")
        index = bisect_right(self.starts, n) - 1
        return f"{MUNICIPALITIES[index].code}-{n - self.starts[index] + 1}"

    def number_of(self, resident_id: str) -> int:
        """n of a resident id. Raises `UnknownResident`."""
        code, dash, number = resident_id.strip().partition("-")
        if not dash or not (number.isascii() and number.isdigit() and len(number) <= _DIGITS_MAX):
            raise UnknownResident(
                f"住民の指定「{resident_id}」を読めません。「市区町村コード-番号」の形で指定してください(例: 131016-12)。"
            )
        try:
            place = municipality(code)
        except UnknownMunicipality as error:
            raise UnknownResident(str(error)) from None
        people = self.populations[place.index]
        if not 1 <= int(number) <= people:
            raise UnknownResident(f"{place.full_name}の住民の番号は1から{people}までです: {number}")
        return self.starts[place.index] + int(number) - 1

    def residents_of(self, municipality_code: str) -> range:
        """All n of a municipality. Raises `UnknownMunicipality`."""
        index = municipality(municipality_code).index
        return range(self.starts[index], self.starts[index + 1])

    def household(self, person: Person) -> list[Person]:
        """世帯: all who live with a person, the person included; the head first."""
        first = person.household
        last = min(first + BLOCK_SIZE, self.residents_of(person.municipality_code).stop)
        members = []
        for n in range(first, last):
            member = self.person(n)
            if member.household != first:
                break
            members.append(member)
        return members

    def members(self, person: Person) -> list[Member]:
        """The same as `household`, in short: a tenth of the work."""
        place = municipality(person.municipality_code)
        start = self.starts[place.index]
        head = person.household - start
        identity = place.index << LOCAL_BITS | head
        word = draw(self.block_key, identity >> BLOCK_BITS)
        entry = kind_of_block(word, place.ageing) << BLOCK_BITS | head & (BLOCK_SIZE - 1)
        table = self._blocks
        members = []
        for offset in range(min(table.size[entry], self.populations[place.index] - head)):
            at, days_back = entry + offset, (draw(self.person_key, identity + offset) & 0xFFFF) * 365 >> 16
            birth_date = date.fromordinal(self.birthdays[table.age[at]] - days_back)
            role = _ROLES[table.role[at]]
            members.append(
                Member(person.household + offset, identity + offset, birth_date, table.sex[at], role)
            )
        return members

    def identity(self, person: Person) -> int:
        """A number below 2³³ that stays the person's own whatever the populations of other municipalities.

        What is drawn about a person elsewhere is drawn by it, and the core system may use it as its internal ID.
        """
        index = bisect_right(self.starts, person.n) - 1
        return index << LOCAL_BITS | (person.n - self.starts[index])

    def card_serial(self, identity: int) -> str:
        """The serial of the first card of this identity: no two share one. The form is assumed."""
        return f"SM{self._serials(identity):012d}"

    def by_identity(self, identity: int) -> int | None:
        """n of the person with this identity; None when nobody has it."""
        return self._number_of_uid(identity if identity >= 0 else None)

    def children(self, person: Person) -> list[Person]:
        """Sons and daughters at home of a head or spouse, or, for a parent of the head, the head."""
        wanted = {Role.HEAD: Role.CHILD, Role.SPOUSE: Role.CHILD, Role.PARENT: Role.HEAD}.get(person.role)
        return [member for member in self.household(person) if member.role == wanted]

    def by_my_number(self, my_number: str) -> int | None:
        """n of the resident with this My Number; None when nobody has it."""
        return self._number_of_uid(self.my_numbers.resident(my_number))

    def by_resident_code(self, resident_code: str) -> int | None:
        """n of the resident with this resident code (住民票コード); None when nobody has it."""
        return self._number_of_uid(self.resident_codes.resident(resident_code))

    def examples(self) -> list[Person]:
        """Five adults to show: card holders of five cities and ages, the first with a child under twelve."""
        if not self._examples:
            from sim.nation.examples import examples

            self._examples = tuple(examples(self))
        return list(self._examples)

    def columns(self, numbers: range) -> Columns:
        """Residents `numbers` as numpy columns. Raises `UnknownResident` when the range leaves the nation."""
        from sim.nation.columns import columns

        return columns(self, numbers)

    def _number_of_uid(self, uid: int | None) -> int | None:
        if uid is None:
            return None
        index, local = uid >> LOCAL_BITS, uid & _LOCAL_MASK
        if index >= len(self.populations) or local >= self.populations[index]:
            return None
        return self.starts[index] + local

    def _address(self, place: Municipality, block_word: int, home_word: int, *, alone: bool) -> Address:
        choices = self._towns.of(place.code)
        postal_code, chome, town = choices[(block_word >> 40) % len(choices)]
        text = address_text(place.full_name, town, chome=chome, alone=alone, bits=home_word >> 32)
        return Address(place.code, postal_code, text)

    def _card(self, uid: int, birth_date: date, age: int, word: int) -> Card:
        today = self.reference_date.toordinal()
        most = _MINORS_CARD_AGE_DAYS_MAX if age < _MAYBE_MINOR_AT_ISSUE else _CARD_AGE_DAYS_MAX
        lived = today - birth_date.toordinal()
        issued = date.fromordinal(today - ((word >> 40 & 0x3FFF) * min(most, lived) >> 14))
        next_birthday = issued.year + ((birth_date.month, birth_date.day) <= (issued.month, issued.day))
        fifth = _birthday_in(next_birthday + 4, birth_date)
        expires = _birthday_in(next_birthday + 9, birth_date) if age_on(birth_date, issued) >= 18 else fifth
        certificates = fifth if fifth > self.reference_date else expires
        return Card(self.card_serial(uid), issued, expires, certificates, age >= 15)


_ROLES = tuple(Role)


def _populations(replaced: Mapping[str, int] | None) -> tuple[int, ...]:
    if not replaced:
        return tuple(m.population_weight for m in MUNICIPALITIES)
    for code, people in replaced.items():
        name = municipality(code).full_name
        if not 0 <= people < MUNICIPALITY_PEOPLE_MAX:
            raise ValueError(f"{name}の人口は0以上{MUNICIPALITY_PEOPLE_MAX}未満で指定してください: {people}")
    return tuple(replaced.get(m.code, m.population_weight) for m in MUNICIPALITIES)


def _years_before(day: date, years: int) -> date:
    return _birthday_in(day.year - years, day)


def _birthday_in(year: int, birth_date: date) -> date:
    """The birthday in a year; who was born on 29 February has it on the 28th in a common year."""
    try:
        return birth_date.replace(year=year)
    except ValueError:
        return birth_date.replace(year=year, day=28)
