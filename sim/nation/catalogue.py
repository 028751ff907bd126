"""The catalogue (データ標準レイアウト and the permission table) as versioned data: `data/catalogue.toml`.

Fields and detail fields (分野・細目), specific personal information (特定個人情報) with data set numbers and layout
versions, affairs and procedures (事務・事務手続), and from these the permission table (番号法 別表第二 in the 2016
profile, 別表 and ministry order in the current one). What is our own assumption is marked `assumed`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import msgspec

from sim.nation.organisations import Kind

__all__ = [
    "CURRENT",
    "PROFILE_2016",
    "Affair",
    "Catalogue",
    "Field",
    "Information",
    "Layout",
    "Permission",
    "Procedure",
    "Profile",
    "UnknownCode",
    "catalogue",
]

CURRENT = "current"
PROFILE_2016 = "2016"
_NETWORK_START = date(2017, 7, 18)
_LAYOUT_CHANGE = date(2025, 6, 1)
_FOREVER = date(9999, 12, 31)


class UnknownCode(LookupError):
    """A code that the catalogue of this profile does not know."""


class Profile(msgspec.Struct, frozen=True):
    """Under which law the catalogue stands."""

    id: str
    name: str
    basis: str
    ordinance: str
    record_retention_years: int
    assumed: bool


class Field(msgspec.Struct, frozen=True):
    """分野, with its 細目."""

    code: str
    name: str
    details: tuple[str, ...]


class Layout(msgspec.Struct, frozen=True):
    """A version of the data standard layout (データ標準レイアウト) of one kind of information."""

    version: str  # four digits
    valid_from: date
    valid_until: date  # last day
    items: tuple[str, ...]


class Information(msgspec.Struct, frozen=True):
    """特定個人情報: one kind that organisations hold and hand on."""

    code: str  # TM and fourteen digits
    name: str
    field: str
    detail: str
    data_set: str  # データセット番号, four digits
    holders: tuple[Kind, ...]
    layouts: tuple[Layout, ...]  # by validity
    assumed: bool  # code and name are ours; items and layout dates always are

    def layout(self, on: date) -> Layout:
        """The version that is valid on a day; the first for days before the network."""
        return next((x for x in reversed(self.layouts) if x.valid_from <= on), self.layouts[0])


class Procedure(msgspec.Struct, frozen=True):
    """事務手続 of an affair."""

    code: str  # JT and fourteen digits
    name: str
    affair: str
    asks: tuple[str, ...]  # TM codes
    when: str  # tag of `sim.nation.circumstances`
    per_year: float


class Affair(msgspec.Struct, frozen=True):
    """事務 for which a law allows to use My Numbers."""

    code: str  # JM and fourteen digits
    name: str
    notice: bool  # whether notices may be sent for it (NOT-1)
    inquirers: tuple[Kind, ...]
    procedures: tuple[Procedure, ...]
    assumed: bool


class Permission(msgspec.Struct, frozen=True):
    """One row of the permission table: who may ask whom for what, for which affair."""

    inquirer: Kind
    affair: str
    procedure: str
    provider: Kind
    information: str


class Catalogue(msgspec.Struct, frozen=True):
    """The catalogue under one profile."""

    profile: Profile
    fields: tuple[Field, ...]
    information: Mapping[str, Information]  # by TM code
    affairs: Mapping[str, Affair]  # by JM code
    procedures: Mapping[str, Procedure]  # by JT code
    permissions: frozenset[Permission]

    def information_of(self, code: str) -> Information:
        """Raises `UnknownCode` with a message for people."""
        try:
            return self.information[code]
        except KeyError:
            raise UnknownCode(
                f"特定個人情報名コード「{code}」はカタログ({self.profile.name})にありません。"
            ) from None

    def is_permitted(
        self, inquirer: Kind, affair: str, procedure: str, provider: Kind, information: str
    ) -> bool:
        """Whether the table has this row."""
        return Permission(inquirer, affair, procedure, provider, information) in self.permissions


@cache
def catalogue(profile: str = CURRENT) -> Catalogue:
    """The catalogue under a profile: `"2016"` or `"current"`. Raises `UnknownCode` for another."""
    data = tomllib.loads((files("sim.nation") / "data" / "catalogue.toml").read_text(encoding="utf-8"))
    profiles = {row["id"]: msgspec.convert(row, Profile) for row in data["profile"]}
    if profile not in profiles:
        raise UnknownCode(
            f"プロファイル「{profile}」はありません。{'・'.join(profiles)}のどれかを指定してください。"
        )

    def in_profile(row: dict[str, Any]) -> bool:
        return profile in row.get("profiles", profiles)

    information = {row["code"]: _information(row) for row in data["information"] if in_profile(row)}
    affairs = {row["code"]: _affair(row) for row in data["affair"] if in_profile(row)}
    procedures = {p.code: p for affair in affairs.values() for p in affair.procedures}
    permissions = frozenset(
        Permission(inquirer, affair.code, procedure.code, provider, asked)
        for affair in affairs.values()
        for procedure in affair.procedures
        for inquirer in affair.inquirers
        for asked in procedure.asks
        if asked in information
        for provider in information[asked].holders
    )
    return Catalogue(
        profiles[profile],
        tuple(msgspec.convert(row, Field) for row in data["field"]),
        MappingProxyType(information),
        MappingProxyType(affairs),
        MappingProxyType(procedures),
        permissions,
    )


def _information(row: dict[str, Any]) -> Information:
    items = tuple(row["items"])
    later = tuple(row.get("items_since_0002", ()))
    if later:
        layouts: tuple[Layout, ...] = (
            Layout("0001", _NETWORK_START, date.fromordinal(_LAYOUT_CHANGE.toordinal() - 1), items),
            Layout("0002", _LAYOUT_CHANGE, _FOREVER, items + later),
        )
    else:
        layouts = (Layout("0001", _NETWORK_START, _FOREVER, items),)
    return Information(
        row["code"],
        row["name"],
        row["field"],
        row["detail"],
        row["data_set"],
        tuple(Kind(holder) for holder in row["holders"]),
        layouts,
        row.get("name_assumed", True),
    )


def _affair(row: dict[str, Any]) -> Affair:
    procedures = tuple(
        Procedure(p["code"], p["name"], row["code"], tuple(p["asks"]), p["when"], float(p["per_year"]))
        for p in row.get("procedure", ())
    )
    inquirers = tuple(Kind(kind) for kind in row["inquirers"])
    return Affair(row["code"], row["name"], row["notice"], inquirers, procedures, assumed=True)
