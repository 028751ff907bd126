"""Organisations (情報保有機関) that hold specific personal information or ask for it.

Their 16-digit code is 5 digits for the kind + municipality code 6 (000000 for bodies of the whole nation) + 5 digits of
a serial. Where the digits stand is inferred, their values are ours. National bodies bear their real names; health
insurance societies and mutual aid associations are invented, in about their real number.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

import msgspec

from sim.nation.municipalities import MUNICIPALITIES, PREFECTURES

__all__ = [
    "ORGANISATIONS",
    "Kind",
    "Organisation",
    "UnknownOrganisation",
    "national_body",
    "of_municipality",
    "of_prefecture",
    "organisation",
    "organisations_of_kind",
]

_SOCIETIES = 1_380  # 健康保険組合, about as many as there are
_MUTUAL_AID = 85  # 共済組合


class Kind(StrEnum):
    """What sort of body an organisation is."""

    MUNICIPALITY = "municipality"
    PREFECTURE = "prefecture"
    WIDE_AREA_UNION = "wide_area_union"  # 後期高齢者医療広域連合
    PENSION_SERVICE = "pension_service"  # 日本年金機構
    EMPLOYMENT_AGENCY = "employment_agency"  # 厚生労働大臣(職業安定局)
    STUDENT_SUPPORT = "student_support"  # 日本学生支援機構
    DIGITAL_AGENCY = "digital_agency"  # デジタル庁
    HEALTH_ASSOCIATION = "health_association"  # 全国健康保険協会
    HEALTH_SOCIETY = "health_society"  # 健康保険組合
    MUTUAL_AID = "mutual_aid"  # 共済組合


_KIND_DIGITS: Mapping[Kind, str] = {kind: f"{number:05d}" for number, kind in enumerate(Kind, start=1)}
_NATIONAL: Mapping[Kind, str] = {
    Kind.PENSION_SERVICE: "日本年金機構",
    Kind.EMPLOYMENT_AGENCY: "厚生労働大臣(職業安定局)",
    Kind.STUDENT_SUPPORT: "日本学生支援機構",
    Kind.DIGITAL_AGENCY: "デジタル庁",
    Kind.HEALTH_ASSOCIATION: "全国健康保険協会",
}
_INVENTED_NAMES = (
    "あおば", "あかつき", "あけぼの", "あさひな", "いずみの", "うみかぜ", "おおぞら", "かざはな", "かなで", "きぼうヶ丘",
    "くすのき", "こはく", "さくらば", "しおかぜ", "しらなみ", "すずかぜ", "せせらぎ", "そよかぜ", "たまゆら", "つむぎの",
    "ときわぎ", "なぎさ", "はやぶさ", "ひいらぎ", "ふたばの", "ほしぞら", "まほろば", "みずほの", "めぐみの", "もえぎ",
    "やまなみ", "ゆうなぎ", "よつば", "わかくさ", "るりいろ",
)  # fmt: skip
_INDUSTRIES = (
    "電機", "鉄鋼", "化学", "製薬", "食品", "繊維", "製紙", "印刷", "出版", "放送", "通信", "情報", "運輸", "海運", "航空",
    "倉庫", "商事", "百貨店", "銀行", "証券", "生命", "損保", "不動産", "建設", "機械", "精密", "自動車", "造船", "石油",
    "電力", "ガス", "硝子", "ゴム", "金属", "農機", "水産", "薬品", "家具", "玩具", "広告",
)  # fmt: skip


class Organisation(msgspec.Struct, frozen=True):
    """情報保有機関."""

    code: str  # 機関コード, sixteen digits
    name: str
    kind: Kind
    municipality: str | None  # code of the municipality or prefecture whose body it is; None for the nation's
    assumed: bool  # invented by us


class UnknownOrganisation(LookupError):
    """No organisation has this code."""


def _make(kind: Kind, area: str | None, serial: int, name: str, *, assumed: bool = False) -> Organisation:
    return Organisation(f"{_KIND_DIGITS[kind]}{area or '000000'}{serial:05d}", name, kind, area, assumed)


def _all() -> tuple[Organisation, ...]:
    found = [_make(Kind.MUNICIPALITY, m.code, 1, m.full_name) for m in MUNICIPALITIES]
    found += [_make(Kind.PREFECTURE, p.code, 1, p.name) for p in PREFECTURES]
    found += [_make(Kind.WIDE_AREA_UNION, p.code, 1, f"{p.name}後期高齢者医療広域連合") for p in PREFECTURES]
    found += [_make(kind, None, 1, name) for kind, name in _NATIONAL.items()]
    for number in range(_SOCIETIES):
        name = _INVENTED_NAMES[number % len(_INVENTED_NAMES)] + _INDUSTRIES[number // len(_INVENTED_NAMES)]
        found.append(_make(Kind.HEALTH_SOCIETY, None, number + 1, f"{name}健康保険組合", assumed=True))
    for number in range(_MUTUAL_AID):
        place = PREFECTURES[number % len(PREFECTURES)].name
        what = "職員共済組合" if number < len(PREFECTURES) else "学校共済組合"
        found.append(_make(Kind.MUTUAL_AID, None, number + 1, f"模擬{place}{what}", assumed=True))
    return tuple(found)


ORGANISATIONS: tuple[Organisation, ...] = _all()
_BY_CODE: Mapping[str, Organisation] = MappingProxyType({o.code: o for o in ORGANISATIONS})
_BY_AREA: Mapping[tuple[Kind, str | None], Organisation] = MappingProxyType(
    {(o.kind, o.municipality): o for o in reversed(ORGANISATIONS)}
)
_PREFECTURE_CODES: Mapping[str, str] = MappingProxyType({p.code[:2]: p.code for p in PREFECTURES})


def organisation(code: str) -> Organisation:
    """The organisation of a sixteen-digit code. Raises `UnknownOrganisation`, with a message for people."""
    try:
        return _BY_CODE[code]
    except KeyError:
        raise UnknownOrganisation(
            f"機関コード「{code}」の機関はありません。16桁で指定してください。"
        ) from None


@cache
def organisations_of_kind(kind: Kind) -> tuple[Organisation, ...]:
    """All organisations of a kind, by code."""
    return tuple(o for o in ORGANISATIONS if o.kind == kind)


def of_municipality(municipality_code: str) -> Organisation:
    """The municipality as an organisation. Raises `KeyError` for another code."""
    return _BY_AREA[Kind.MUNICIPALITY, municipality_code]


def of_prefecture(kind: Kind, municipality_code: str) -> Organisation:
    """The prefecture's body of a kind (PREFECTURE or WIDE_AREA_UNION) for a municipality in it."""
    return _BY_AREA[kind, _PREFECTURE_CODES[municipality_code[:2]]]


def national_body(kind: Kind) -> Organisation:
    """The one organisation of a kind that exists once in the nation."""
    assert kind in _NATIONAL, kind
    return _BY_AREA[kind, None]
