"""操作履歴 on screen: all lines, or those of a period, a service, an operation, an operator (HIS-1, 2)."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.history.model import ACTIONS, LINES_OF_PAGE_MAX, OPERATORS, SERVICES, oldest_ms
from portal.history.service import History
from portal.seams.clock import Clock
from portal.web.addresses import page
from portal.web.design import read_date
from portal.web.reception import Reception, User, typed
from portal.wire.history import HistoryLine, HistoryLines, HistoryQuery, Operator
from portal.wire.moments import day_of
from portal.wire.problems import Problem

CHOICES: Mapping[str, Mapping[Any, str]] = {"service": SERVICES, "action": ACTIONS, "operator": OPERATORS}
DAYS = {"first_day": "はじめの日", "last_day": "おわりの日"}
PARTS = ("year", "month", "day")


def add_pages(reception: Reception, history: History, clock: Clock) -> None:
    async def search(user: User) -> Response:
        asked, values, errors = _asked()
        found = await _found(history, user, asked, errors)
        today = day_of(clock.now_ms())
        context = {
            "nav": "history",
            "values": values,
            "errors": errors,
            "example": today,
            "oldest": day_of(oldest_ms(clock.now_ms())),
            **{f"{name}s": _options(words) for name, words in CHOICES.items()},
            "lines": [_line(line) for line in found.lines],
            "searched": any(typed(request.args, name) for name in request.args),
            "file": _address("history.file", request.args.items()),
            "more": None if found.next is None else _address("history", request.args.items(), found.next),
        }
        return reception.show("history/history.html", user, context, status=422 if errors else 200)

    async def file(user: User) -> Response:
        asked, _, errors = _asked()
        if errors or not reception.asked_by_hand():
            return reception.go_to(_address("history", request.args.items()))
        made = await history.file(user.account, _query(asked))
        return reception.tell(made, user) if isinstance(made, Problem) else reception.hand_out(*made)

    reception.users("history", get=search)
    reception.users("history.file", get=file)


def _asked() -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """What the address asks for, what was typed, and what is wrong with it."""
    args = request.args
    values: dict[str, Any] = {name: typed(args, name) for name in CHOICES}
    errors: dict[str, str] = {}
    asked: dict[str, Any] = {}
    for name, label in DAYS.items():
        parts = {part: typed(args, f"{name}_{part}") for part in PARTS}
        values[name] = parts
        day = read_date(**parts)
        if day is not None:
            asked["start" if name == "first_day" else "end"] = day
        elif any(parts.values()):
            errors[f"{name}_year"] = f"「{label}」に、ない日付が入っています。年は西暦4けたで入れてください。"
    # A choice that is not on the list was typed into the address: as if nothing had been chosen.
    asked |= {name: values[name] for name, words in CHOICES.items() if values[name] in list(words)}
    before = args.get("before")
    if before is not None:
        asked["before"] = before
    return asked, values, errors


def _query(asked: Mapping[str, Any]) -> HistoryQuery:
    try:
        return msgspec.convert(asked, HistoryQuery)
    except msgspec.ValidationError:
        return HistoryQuery()


async def _found(
    history: History, user: User, asked: Mapping[str, Any], errors: dict[str, str]
) -> HistoryLines:
    if errors:
        return HistoryLines((), None)
    found = await history.search(user.account, _query(asked), LINES_OF_PAGE_MAX)
    if not isinstance(found, Problem):
        return found
    if found.field == "$.end":
        errors["last_day_year"] = found.detail
    # A cursor that nobody has written: nothing goes on from there.
    return HistoryLines((), None)


def _options(words: Mapping[Any, str]) -> list[dict[str, str]]:
    return [{"value": str(value), "label": label} for value, label in words.items()]


def _address(name: str, args: Iterable[tuple[str, str]], before: str = "") -> str:
    """A page with the same conditions, and going on from *before*."""
    kept = [(key, value) for key, value in args if value and key != "before"]
    query = urlencode([*kept, *([("before", before)] if before else [])])
    return f"{page(name)}?{query}" if query else page(name)


def _line(line: HistoryLine) -> dict[str, Any]:
    return {
        "at": line.at,
        "service": SERVICES[line.service],
        "action": ACTIONS[line.action],
        "operator": OPERATORS[line.operator],
        "proxy": line.operator is Operator.PROXY,
        "detail": line.detail,
    }
