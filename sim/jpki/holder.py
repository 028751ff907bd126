"""What JPKI must know of a resident to issue certificates; it comes from the resident register."""

from datetime import date
from typing import Final, NamedTuple

import msgspec

SEXES: Final = frozenset((1, 2, 3, 9))
LOCALITY_CHARACTERS_MAX: Final = 128
"""X.520's upper bound of localityName."""
TEXT_CHARACTERS_MAX: Final = 512
"""Of a name or an address; our limit, far above what a card holds."""


class FirstIssue(NamedTuple):
    """初回の発行: what decides whether the first card has a signature certificate."""

    birth_date: date
    issued_on: date


class Issue(NamedTuple):
    """Which certificates are on a card: the how-manieth of each kind, and since when."""

    generation: int
    """Of the user-authentication certificate; each new card has a new one."""
    issued_on: date
    sign_generation: int | None = None
    """Of the signature certificate, which is issued anew more often; None: as the other."""
    sign_issued_on: date | None = None
    """None: as the other."""

    @property
    def sign(self) -> tuple[int, date]:
        """Generation and day of the signature certificate, if the holder was old enough that day."""
        return (
            self.generation if self.sign_generation is None else self.sign_generation,
            self.sign_issued_on or self.issued_on,
        )


class HolderFacts(msgspec.Struct, frozen=True):
    """利用者: one resident, on the day of issue. Raises ValueError when a value cannot stand on a
    certificate."""

    n: int
    """Person number in the nation."""
    name: str
    """氏名, family and given name with U+3000 between."""
    birth_date: date
    sex: int
    """1 male, 2 female, 9 not applicable; 3 as some cards have it (CARD.md 4 [?])."""
    address: str
    municipality_code: str
    """全国地方公共団体コード, five digits, or six with the check digit."""
    locality: str | None = None
    """The municipality in romaji (`Kiyose-shi`), which stands in the subject of a signature certificate."""
    name_substitutes: str | None = None
    """代替文字: a 0 or 1 for each character of the name; 1 where a character stands in for one outside the set.
    None: none."""
    address_substitutes: str | None = None

    def __post_init__(self) -> None:
        for what, text in (("氏名", self.name), ("住所", self.address)):
            if not 0 < len(text) <= TEXT_CHARACTERS_MAX:
                raise ValueError(f"{what}は1文字以上{TEXT_CHARACTERS_MAX}文字以下です")
        if self.sex not in SEXES:
            raise ValueError(f"性別コードが正しくありません: {self.sex}")
        code = self.municipality_code
        if len(code) not in (5, 6) or not (code.isascii() and code.isdigit()):
            raise ValueError(f"市区町村コードは5桁または6桁の数字です: {code}")
        if self.locality is not None and not 0 < len(self.locality) <= LOCALITY_CHARACTERS_MAX:
            raise ValueError(f"市区町村名（ローマ字）は{LOCALITY_CHARACTERS_MAX}文字以下です")
        for flags, text in ((self.name_substitutes, self.name), (self.address_substitutes, self.address)):
            if flags is not None and (len(flags) != len(text) or not set(flags) <= {"0", "1"}):
                raise ValueError(f"代替文字の印は文字ごとに0か1です: {flags}")
