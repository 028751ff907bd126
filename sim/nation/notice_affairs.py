"""Affairs for which notices may be sent (NOT-1): those of the law, and those of a municipality's ordinance.

The law's stand in the catalogue, with a mark whether notices may be sent for them. What municipalities have added under
Article 9(2) of 番号法 stands in `data/notice_affairs.toml`, versioned like the catalogue and **assumed** throughout.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

from portal.wire.disclosure import Named
from sim.nation.catalogue import Catalogue
from sim.nation.chance import draw
from sim.nation.organisations import Kind, Organisation

__all__ = ["OrdinanceAffair", "affair_of", "affairs_of", "may_send", "ordinance_affairs"]

_KEY = 0x9_2


class OrdinanceAffair(msgspec.Struct, frozen=True):
    """条例事務 (番号法9条2項)."""

    code: str  # JM and fourteen digits
    name: str
    profiles: tuple[str, ...]
    valid_from: date
    percent: int  # of the municipalities
    assumed: bool

    def is_enacted_by(self, municipality: str) -> bool:
        """Whether this municipality has such an ordinance: drawn from its code, the same always."""
        return draw(_KEY, int(self.code[2:]) << 20 | int(municipality)) % 100 < self.percent


@cache
def ordinance_affairs(profile: str) -> Mapping[str, OrdinanceAffair]:
    """By code, under the profile of a catalogue."""
    text = (files("sim.nation") / "data" / "notice_affairs.toml").read_text(encoding="utf-8")
    rows = [msgspec.convert(row, OrdinanceAffair) for row in tomllib.loads(text)["ordinance"]]
    return MappingProxyType({row.code: row for row in rows if profile in row.profiles})


def may_send(catalogue: Catalogue, sender: Organisation, affair_code: str) -> str | None:
    """Why this organisation may not send notices for this affair, in words for its staff; None when it may."""
    affair = catalogue.affairs.get(affair_code)
    if affair is not None:
        if sender.kind not in affair.inquirers:
            return f"「{affair.name}」は、{sender.name}の事務ではありません。この機関の事務を選んでください。"
        if not affair.notice:
            return (
                f"「{affair.name}」は、番号法の別表にも条例にもない事務のため、お知らせを送れません。"
                "お知らせを送れる事務を選んでください。"
            )
        return None
    ordinance = ordinance_affairs(catalogue.profile.id).get(affair_code)
    if ordinance is None:
        return f"事務コード「{affair_code}」の事務はありません。お知らせを送れる事務を選んでください。"
    if sender.kind is not Kind.MUNICIPALITY or not ordinance.is_enacted_by(sender.municipality or "0"):
        return (
            f"{sender.name}には「{ordinance.name}」の条例（番号法9条2項）がないため、お知らせを送れません。"
            "お知らせを送れる事務を選んでください。"
        )
    return None


def affair_of(catalogue: Catalogue, code: str) -> Named:
    """An affair of the law or of an ordinance. Raises `KeyError` for another code."""
    affair = catalogue.affairs.get(code)
    return (
        Named(code, affair.name)
        if affair is not None
        else Named(code, ordinance_affairs(catalogue.profile.id)[code].name)
    )


def affairs_of(catalogue: Catalogue, sender: Organisation) -> tuple[Named, ...]:
    """All affairs for which this organisation may send, the law's first."""
    codes = [*catalogue.affairs, *ordinance_affairs(catalogue.profile.id)]
    return tuple(affair_of(catalogue, code) for code in codes if may_send(catalogue, sender, code) is None)
