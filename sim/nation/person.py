"""What the nation knows of a resident."""

from __future__ import annotations

from datetime import date

import msgspec

from sim.nation.blocks import Role

__all__ = ["Address", "Card", "Member", "Person", "age_on", "relation"]


class Address(msgspec.Struct, frozen=True):
    """住所: where a household is registered."""

    municipality: str  # six-digit code
    postal_code: str  # seven digits
    text: str


class Card(msgspec.Struct, frozen=True):
    """マイナンバーカード: serial and dates. The form of the serial is assumed."""

    serial: str  # "SM" and twelve digits, unique over the nation
    issued: date
    expires: date  # the tenth birthday after issue; the fifth for those under eighteen at issue
    certificates_expire: date  # both certificates of the JPKI; renewed once within an adult card's life
    signature: bool  # a signature certificate is on it: from fifteen years of age


class Person(msgspec.Struct, frozen=True):
    """住民: computed, never stored."""

    n: int  # 0 … nation.size - 1
    resident_id: str  # "131016-12": municipality code and the number inside it, from 1
    family: str
    given: str
    family_kana: str
    given_kana: str
    birth_date: date
    sex: int  # 1 man, 2 woman, as in the basic four items
    address: Address
    household: int  # n of its head
    role: Role
    my_number: str  # 個人番号; the check digit is wrong by one unless the nation was told otherwise
    resident_code: str  # 住民票コード, eleven digits
    card: Card
    holds_card: bool  # 79 in 100 have collected theirs; the rest would get `card`

    @property
    def municipality_code(self) -> str:
        return self.address.municipality

    @property
    def name(self) -> str:
        """Surname and given name with an ideographic space, as on the card."""
        return f"{self.family}\u3000{self.given}"

    @property
    def kana(self) -> str:
        return f"{self.family_kana}\u3000{self.given_kana}"

    def age(self, on: date) -> int:
        """Completed years on a day."""
        return age_on(self.birth_date, on)


class Member(msgspec.Struct, frozen=True):
    """世帯員: what circumstances need to know of one who lives in a household, without names and numbers."""

    n: int
    identity: int  # as `Nation.identity`
    birth_date: date
    sex: int
    role: Role

    def age(self, on: date) -> int:
        """Completed years on a day."""
        return age_on(self.birth_date, on)


def age_on(birth_date: date, day: date) -> int:
    """Completed years of someone born on `birth_date`; negative before birth."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def relation(role: Role, sex: int) -> str:
    """続柄: what somebody of this role and sex is to the head of the household."""
    match role:
        case Role.HEAD:
            return "世帯主"
        case Role.SPOUSE:
            return "妻" if sex == 2 else "夫"
        case Role.CHILD:
            return "子"
        case Role.PARENT:
            return "母" if sex == 2 else "父"
