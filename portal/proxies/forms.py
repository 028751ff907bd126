"""What is typed into the form of a delegation (PRX-3, 4, 5)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from werkzeug.datastructures import MultiDict

from portal.proxies import shown
from portal.proxies.model import check_scope
from portal.web.addresses import page
from portal.web.design import date_parts, read_date
from portal.web.reception import Way, typed
from portal.wire.limits import PROXY_INFORMATION_MAX, PROXY_MEMO_CHARACTERS_MAX, PROXY_WARN_DAYS
from portal.wire.problems import Problem
from portal.wire.proxies import DelegationView, Right, Scope, Terms
from portal.wire.self_information import Catalogue
from portal.wire.texts import with_line_feeds

BACK = Way("代理人の一覧に戻る", page("proxies"))
WARN_DAYS = (7, 14, PROXY_WARN_DAYS, 60, 90)
"""What the form offers; the operation takes any number."""
_FIELDS = {
    "$.start": "start_year",
    "$.end": "end_year",
    "$.scope.rights": "rights",
    "$.scope.information": "information",
    "$.scope.memo": "memo",
}
_DAYS = {"start": "始まりの日", "end": "終わりの日"}


class Filled(NamedTuple):
    values: Mapping[str, Any]
    scope: Scope | None
    days: Mapping[str, date]
    errors: Mapping[str, str]


def of_terms(terms: Terms) -> dict[str, Any]:
    return {
        **_of_scope(terms.scope),
        "start": date_parts(terms.start),
        "end": date_parts(terms.end),
    }


def of_view(view: DelegationView) -> dict[str, Any]:
    return of_terms(Terms(view.scope, view.start, view.end))


def new(today: date, end: date) -> dict[str, Any]:
    """Before anything is typed."""
    nothing = {"rights": [], "information": [], "mail": False, "warn_days": str(PROXY_WARN_DAYS), "memo": ""}
    return {**nothing, "start": date_parts(today), "end": date_parts(end)}


def _of_scope(scope: Scope) -> dict[str, Any]:
    return {
        "rights": [str(right) for right in scope.rights],
        "information": list(scope.information),
        "mail": scope.mail,
        "warn_days": str(scope.warn_days),
        "memo": scope.memo,
    }


def read(form: MultiDict[str, str], *days: str) -> Filled:
    """The form with these days (``start``, ``end``); without errors there is a scope and each of them."""
    rights = [right for right in Right if str(right) in form.getlist("rights")]
    information = list(dict.fromkeys(form.getlist("information")))[:PROXY_INFORMATION_MAX]
    warn = typed(form, "warn_days")
    values: dict[str, Any] = {
        "rights": [str(right) for right in rights],
        "information": information,
        "mail": form.get("mail") == "1",
        "warn_days": warn,
        "memo": with_line_feeds(form.get("memo", "")).strip(),
    }
    errors: dict[str, str] = {}
    found: dict[str, date] = {}
    if not rights:
        errors["rights"] = "まかせることを1つ以上選んでください。"
    for name in days:
        parts = {part: typed(form, f"{name}_{part}") for part in ("year", "month", "day")}
        values[name] = parts
        day = read_date(**parts)
        if day is None:
            errors[f"{name}_year"] = (
                f"「{_DAYS[name]}」に、ない日付が入っています。年は西暦4けたで入れてください。"
                if all(parts.values())
                else f"「{_DAYS[name]}」の年・月・日を、すべて入れてください。"
            )
        else:
            found[name] = day
    if len(values["memo"]) > PROXY_MEMO_CHARACTERS_MAX:
        errors["memo"] = f"メモは{PROXY_MEMO_CHARACTERS_MAX}文字までで入れてください。"
    if not (warn.isascii() and warn.isdigit() and len(warn) <= 3 and 1 <= int(warn) <= 365):
        errors["warn_days"] = "知らせる時期を選んでください。"
    if any(not _is_code(code) for code in information):
        errors["information"] = "一覧にある情報から選んでください。"
    if errors:
        return Filled(values, None, found, errors)
    scope = Scope(tuple(rights), tuple(information), values["mail"], values["memo"], int(warn))
    wrong = check_scope(scope)
    if wrong is not None:
        return Filled(values, None, found, at_the_field(wrong))
    return Filled(values, scope, found, {})


def _is_code(text: str) -> bool:
    return len(text) == 16 and text.isascii() and text.startswith("TM") and text[2:].isdigit()


def at_the_field(problem: Problem) -> dict[str, str]:
    """What an operation's rules say, beside the field that it is about."""
    return {_FIELDS.get(problem.field or "", "rights"): problem.detail}


def context(filled: Filled, catalogue: Catalogue, today: date) -> dict[str, Any]:
    """What both forms have in common."""
    values = filled.values
    # What an operation has set to another number of days stays to be chosen.
    given = str(values["warn_days"])
    days = sorted({*WARN_DAYS, *([int(given)] if given.isascii() and given.isdigit() else [])})
    return {
        "values": values,
        "errors": filled.errors,
        "rights": [
            {"value": str(right), "label": word, "note": note} for right, (word, note) in shown.RIGHTS.items()
        ],
        "groups": shown.information_groups(catalogue, values["information"]),
        "warnings": [{"value": str(each), "label": f"{each}日前から"} for each in days],
        "memo_length_max": PROXY_MEMO_CHARACTERS_MAX,
        "example": today,
    }
