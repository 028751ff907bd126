"""代理人 as its pages show it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from portal.wire.proxies import Acting, DelegationState, DelegationView, Right, Scope
from portal.wire.self_information import Catalogue

RIGHTS: Mapping[Right, tuple[str, str]] = {
    Right.SELF_INFORMATION: (
        "あなたの情報",
        "印を付けた情報だけを、代理人が請求し、見て、保存できます。下で選びます。",
    ),
    Right.RECORDS: ("やりとり履歴", "代理人が請求し、見て、保存できます。"),
    Right.NOTICES: ("お知らせ", "代理人が開き、添付ファイルを保存できます。アンケートには答えられません。"),
}
"""まかせること: the word, and what it means."""

PAGES = {
    Right.SELF_INFORMATION: "self_information",
    Right.RECORDS: "records",
    Right.NOTICES: "notices",
}
"""Where each begins; also its name in the menu."""

_OWNERS_CHIPS: Mapping[DelegationState, tuple[str, str, str | None]] = {
    DelegationState.PENDING: ("info", "まだ始まっていません", "waiting"),
    DelegationState.ACTIVE: ("success", "有効", None),
    DelegationState.ENDED: ("neutral", "本人が終えました", None),
    DelegationState.WITHDRAWN: ("neutral", "代理人が辞めました", None),
    DelegationState.EXPIRED: ("neutral", "期間が終わりました", None),
}
GOING = frozenset([DelegationState.PENDING, DelegationState.ACTIVE])


def banner(acting: Acting | None) -> dict[str, Any] | None:
    """What each page says to whoever acts as a proxy."""
    if acting is None:
        return None
    one = acting.delegation
    if one is None:
        return {"nickname": "", "over": True, "soon": None, "pages": []}
    over = one.state is not DelegationState.ACTIVE
    return {
        "nickname": one.nickname,
        "over": over,
        "soon": one.end if one.ends_soon and not over else None,
        "pages": [] if over else [PAGES[right] for right in RIGHTS if right in one.scope.rights],
    }


def line(view: DelegationView) -> dict[str, Any]:
    """One delegation in a list."""
    kind, label, sign = _OWNERS_CHIPS[view.state]
    return {
        "id": view.delegation_id,
        "nickname": view.nickname,
        "chip": {"kind": kind, "label": label, "sign": sign},
        "going": view.state in GOING,
        "active": view.state is DelegationState.ACTIVE,
        "start": view.start,
        "end": view.end,
        "soon": view.ends_soon,
        "rights": [word for right, (word, _) in RIGHTS.items() if right in view.scope.rights],
    }


def scope(granted: Scope, start: date, end: date, names: Mapping[str, str]) -> dict[str, Any]:
    """What was granted, in words."""
    return {
        "start": start,
        "end": end,
        "rights": [word for right, (word, _) in RIGHTS.items() if right in granted.rights],
        "information": [names.get(code, code) for code in granted.information],
        "mail": granted.mail,
        "warn_days": granted.warn_days,
        "memo": granted.memo,
    }


def names_of(catalogue: object) -> dict[str, str]:
    """Of the kinds of information, by their codes; none while the network is silent."""
    if not isinstance(catalogue, Catalogue):
        return {}
    return {kind.information.code: kind.information.name for kind in catalogue.kinds}


def information_groups(catalogue: Catalogue, kept: Sequence[str]) -> list[dict[str, Any]]:
    """特定個人情報 to tick, by field; what was granted and has left the catalogue stays to be seen and taken away."""
    groups: dict[str, dict[str, str]] = {}
    for kind in catalogue.kinds:
        groups.setdefault(kind.field, {})[kind.information.code] = kind.information.name
    known = {code for group in groups.values() for code in group}
    gone = [code for code in kept if code not in known]
    if gone:
        groups["いまの一覧にない情報"] = {code: code for code in gone}
    return [
        {
            "label": field,
            "options": [{"value": code, "label": name, "note": None} for code, name in kinds.items()],
        }
        for field, kinds in groups.items()
    ]
