"""What ``mynasim nation`` says of residents, municipalities and events, to people and in JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Self, assert_never

import msgspec
from rich.cells import cell_len

from mynasim.nation_life import Registered
from portal.web.design import era_year
from sim.nation.life import LifeEvent, LifeEventKind, Newborn
from sim.nation.municipalities import MUNICIPALITIES, PREFECTURES, Municipality, municipality
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.nation.person import Person
from sim.nation.portrait import Portrait

KINDS = {
    LifeEventKind.BIRTH: "出生",
    LifeEventKind.DEATH: "死亡",
    LifeEventKind.MARRIAGE: "婚姻",
    LifeEventKind.MOVE: "転居",
    LifeEventKind.JOB: "就職・転職・退職",
}
FOUND_WIDTHS = (15, 14, 24, 2, 6, 10, 0)
LISTED_WIDTHS = (6, 8, 16, 22, 11, 16, 0)
EVENT_WIDTHS = (16, 15, 14, 0)
_PATTERNS = (
    "LGWAN-ASP（新規）", "LGWAN-ASP（既存）", "専用配信", "インターネットPC", "既存システムVPN",
)  # fmt: skip


def day(on: date) -> str:
    """``1985年1月24日（昭和60年）``"""
    era = era_year(on)
    return f"{on.year}年{on.month}月{on.day}日" + (f"（{era}）" if era else "")


def aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Cells under one another on a terminal, where a Japanese character is two wide; a width of nought is the rest."""
    parts = [cell + " " * max(0, width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(parts).rstrip()


class Found(msgspec.Struct, frozen=True):
    """A resident in one line."""

    resident: str
    name: str
    kana: str
    sex: str
    birth_date: date
    age: int
    address: str
    holds_card: bool

    @classmethod
    def of(cls, nation: Nation, person: Person) -> Self:
        return cls(
            person.resident_id,
            person.name,
            person.kana,
            "男" if person.sex == 1 else "女",
            person.birth_date,
            person.age(nation.reference_date),
            person.address.text,
            person.holds_card,
        )

    def cells(self) -> tuple[str, ...]:
        card = "" if self.holds_card else "（カードなし）"
        born = self.birth_date.isoformat()
        return self.resident, self.name, self.kana, self.sex, f"{self.age}歳", born, self.address + card


class Listed(msgspec.Struct, frozen=True):
    """A municipality in one line."""

    code: str
    prefecture: str
    name: str
    kana: str
    people: int
    connection: str
    organisation: str
    """機関コード"""

    @classmethod
    def of(cls, one: Municipality, people: int) -> Self:
        return cls(
            one.code,
            one.prefecture,
            one.county + one.name,
            one.kana,
            people,
            _PATTERNS[one.pattern - 1],
            of_municipality(one.code).code,
        )

    def cells(self) -> tuple[str, ...]:
        people = f"{self.people:,}人"
        return self.code, self.prefecture, self.name, self.kana, people, self.organisation, self.connection


CHANGES = {
    "moved": "転居しました",
    "renamed": "氏が変わりました",
    "died": "亡くなりました",
    "born": "生まれました",
}
"""What the registry says of a changed resident, for people."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A life event in one line; what a kind doesn't need is left out of the JSON."""

    kind: LifeEventKind
    day: date
    resident: str
    name: str
    what: str
    """In words, for people."""
    partner: str | None = None
    newborn: Newborn | None = None
    municipality: str | None = None
    members: tuple[str, ...] = ()
    insurer: str | None = None

    @classmethod
    def of(cls, nation: Nation, event: LifeEvent) -> Self:
        person = nation.person(event.n)
        born, partner, insurer = event.newborn, event.partner, event.insurer
        target = municipality(event.municipality).full_name if event.municipality else None
        match event.kind:
            case LifeEventKind.BIRTH:
                assert born is not None
                sex = "男" if born.sex == 1 else "女"
                what = (
                    f"{person.family}　{born.given}（{person.family_kana}　{born.given_kana}、{sex}）を出産"
                )
            case LifeEventKind.DEATH:
                what = f"{person.age(event.day)}歳"
            case LifeEventKind.MARRIAGE:
                assert partner is not None
                other = nation.person(partner)
                what = f"{other.name}（{other.resident_id}）と。氏は{person.family}"
            case LifeEventKind.MOVE:
                what = f"{municipality(person.municipality_code).full_name}から{target}へ、{len(event.members)}人"
            case LifeEventKind.JOB:
                assert insurer is not None
                what = f"保険者は{insurer.name}へ"
            case _:
                assert_never(event.kind)
        return cls(
            event.kind,
            event.day,
            person.resident_id,
            person.name,
            what,
            nation.resident_id(partner) if partner is not None else None,
            born,
            event.municipality,
            tuple(nation.resident_id(n) for n in event.members),
            insurer.code if insurer is not None else None,
        )

    def cells(self) -> tuple[str, ...]:
        return KINDS[self.kind], self.resident, self.name, self.what


def tally(on: date, events: Iterable[LifeEvent], *, shown: int) -> str:
    """How many events of each kind a day has."""
    count = Counter(event.kind for event in events)
    if not count:
        return f"{day(on)}の異動はありません。"
    kinds = "、".join(f"{KINDS[kind]} {count[kind]:,}" for kind in LifeEventKind if count[kind])
    total = sum(count.values())
    rest = f"うち{shown:,}件を示しました（--limit で増やせます）。" if shown < total else ""
    return f"{day(on)}の異動は{total:,}件です: {kinds}。{rest}"


def ignored(areas: Iterable[str]) -> list[str]:
    """Which rows of a census table were passed over, and as what."""
    prefectures = {p.code[:5] for p in PREFECTURES} | {"00000"}
    cities = {m.code[:3] for m in MUNICIPALITIES if m.is_designated_city}
    known = {m.code[:5] for m in MUNICIPALITIES}
    groups: dict[str, list[str]] = {"全国・都道府県": [], "政令指定都市の区": [], "市区町村ではない地域": []}
    for area in areas:
        if area in prefectures:
            groups["全国・都道府県"].append(area)
        elif area[:3] in cities and area not in known and area[:2] != "13":
            groups["政令指定都市の区"].append(area)
        else:
            groups["市区町村ではない地域"].append(area)
    return [
        f"使わなかった行（{what}）: {len(codes)}（{'、'.join(codes[:5])}{' など' if codes[5:] else ''}）"
        for what, codes in groups.items()
        if codes
    ]


def registered(now: Registered, as_of: date) -> str:
    """What the events of this world have made of somebody."""
    lines = [
        "",
        f"この世界での異動のあと（上は異動の前、{day(as_of)}の姿です）",
        f"  最後の異動    {day(now.since)}",
        f"  氏名          {now.name}（{now.kana}）",
    ]
    if now.died is not None:
        return "\n".join([*lines, f"  死亡          {day(now.died)}"])
    lines.append(f"  住所          〒{now.postal_code[:3]}-{now.postal_code[3:]} {now.address}")
    if now.insurer is not None:
        lines.append(f"  医療保険      {now.insurer}")
    lines.append(f"  世帯          {len(now.household)}人")
    lines += [aligned(("    ", one.relation, one.name, one.resident), (4, 6, 20, 0)) for one in now.household]
    return "\n".join(lines)


def portrait(found: Portrait, *, valid: bool) -> str:
    """A resident as a person would want to read it."""
    number = found.my_number
    lines = [
        f"{found.name}（{found.kana}）  {found.resident}",
        "",
        f"  生年月日      {day(found.birth_date)}  {found.age}歳（{day(found.as_of)}現在）",
        f"  性別          {found.sex}",
        f"  住所          〒{found.postal_code[:3]}-{found.postal_code[3:]} {found.address}",
        f"  マイナンバー  {number[:4]} {number[4:8]} {number[8:]}"
        + ("" if valid else "（本物と間違えないよう、検査用数字を1ずらしてあります）"),
        f"  住民票コード  {found.resident_code}",
        f"  統合宛名番号  {found.unified_number}（機関の側の操作で person に書く番号）",
        "",
        f"世帯（{len(found.household)}人）",
    ]
    for member in found.household:
        cells = (
            "  →" if member.resident == found.resident else "",
            member.relation,
            f"{member.name}（{member.kana}）",
            f"{member.age}歳",
            member.resident,
        )
        lines.append(aligned(cells, (3, 6, 36, 5, 0)))
    lines += ["", "マイナンバーカード"]
    if found.card is None:
        lines.append("  持っていません。")
    else:
        lines += [
            f"  製造番号      {found.card.serial}",
            f"  発行日        {day(found.card.issued)}",
            f"  有効期限      {day(found.card.expires)}",
            f"  電子証明書    {day(found.card.certificates_expire)}まで（利用者証明用"
            + ("・署名用）" if found.card.signature else "だけ。署名用は15歳から）"),
        ]
    living = found.living
    lines += [
        "",
        "生活状況",
        f"  仕事          {living.work}",
        f"  医療保険      {living.insurer}" + ("（被扶養者）" if living.is_dependant else ""),
        f"  居住          {day(living.moved_on)}から"
        + (f"（{living.moved_from}から転入）" if living.moved_from else ""),
        "",
        "情報を持つ機関",
    ]
    for holding in found.holdings:
        lines.append(aligned(("", holding.name, "、".join(holding.organisations)), (0, 42, 0)))
    return "\n".join(lines)
