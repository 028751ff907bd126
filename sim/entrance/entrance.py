"""The first page of a simulator: who it is, its operations, and its controls with buttons."""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from portal.serving.dispatcher import Dispatcher
from portal.serving.front import AsgiApp
from portal.wire.about import api_document, health
from portal.wire.controls import Control, Mode
from portal.wire.problems import Problem
from portal.wire.systems import JAPANESE_NAMES, Caller, Party, System
from sim.controls import ControlDesk
from sim.entrance.look import HOME, LazyPages, Look
from sim.entrance.now import NOW, Now, add_now
from sim.nation.municipalities import MUNICIPALITIES, UnknownMunicipality, municipality
from sim.nation.organisations import Organisation, UnknownOrganisation, of_municipality, organisation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quart_trio.wrappers import TrioResponse

_NAV = (("動き方", HOME), ("いまの様子", NOW))
WHICH_ORGANISATION = (
    "機関コード（16桁）、市区町村コード（6桁）、市区町村名（同じ名前がほかにあれば、都道府県名から）のどれか"
)
LATE_SECONDS_MAX = 31_536_000

_WORDS = {
    Mode.NORMAL: ("success", "動いています", "動かす"),
    Mode.STOPPED: ("error", "止めています", "止める"),
    Mode.LATE: ("warning", "後日回答にしています", "後日回答にする"),
}

_PARTIES: dict[Party, str] = {
    Party.ANYONE: "だれでも",
    Party.CITIZEN: "利用者",
    Party.OPERATOR: "運用者",
}


def entrance(
    dispatcher: Dispatcher,
    desk: ControlDesk,
    now: Now | None = None,
    more: "Callable[[Look], None] | None" = None,
    nav: tuple[tuple[str, str], ...] = (),
) -> LazyPages:
    """Pages of a simulator that has nothing but this one, and perhaps one of what goes on; *more* adds its own."""

    def make() -> AsgiApp:
        look = Look(dispatcher.system, (*(_NAV if now is not None else ()), *nav))
        add_entrance(look, dispatcher, desk)
        if now is not None:
            add_now(look, now)
        if more is not None:
            more(look)
        return look.asgi

    return LazyPages(make)


def add_entrance(look: Look, dispatcher: Dispatcher, desk: ControlDesk) -> None:
    """The first page, at :data:`HOME`."""

    def page(
        errors: "Mapping[str, str]", typed: "Mapping[str, str]", *, done: str = "", status: int = 200
    ) -> "TrioResponse":
        context = {
            **operations_of(dispatcher),
            "errors": errors,
            "done": done,
            "controls": _controls(desk, typed),
        }
        return look.show("entrance/entrance.html", context, status=status, here=HOME)

    async def show() -> "TrioResponse":
        from quart import request

        done = "動き方を変えました" if request.args.get("done") == "1" else ""
        return page({}, {}, done=done)

    async def change() -> "TrioResponse":
        from quart import request

        if (refused := await look.refused_form()) is not None:
            return refused
        typed = {name: value.strip() for name, value in (await request.form).items()}
        wanted = _read(desk, typed)
        if isinstance(wanted, dict):
            return page(wanted, typed, status=422)
        outcome = await desk.set(wanted)
        if isinstance(outcome, Problem):
            return page({"organisation": outcome.detail}, typed, status=outcome.status)
        return look.go(f"{HOME}?done=1")

    look.app.add_url_rule(HOME, "entrance", show, methods=["GET"])
    look.app.add_url_rule(HOME, "change", change, methods=["POST"])


def operations_of(dispatcher: Dispatcher) -> dict[str, object]:
    """What the first page says of any system; a page without controls needs no more."""
    return {
        "done": "",
        "controls": None,
        "operations": [
            {
                "summary": route.operation.summary,
                "address": f"{route.operation.method} {route.operation.path}",
                "callers": "、".join(_caller_name(caller) for caller in sorted(route.operation.callers)),
            }
            for route in dispatcher.routes
        ],
        "document_url": api_document(dispatcher.system).path,
        "health_url": health(dispatcher.system).path,
        "action": HOME,
    }


def _caller_name(caller: Caller) -> str:
    return JAPANESE_NAMES[caller] if isinstance(caller, System) else _PARTIES[caller]


def _controls(desk: ControlDesk, typed: "Mapping[str, str]") -> dict[str, object]:
    view = desk.view
    kind, says, _ = _WORDS[view.mode]
    return {
        "kind": kind,
        "says": f"{says}（{view.late_seconds}秒後）" if view.mode is Mode.LATE else says,
        "modes": [
            {"value": str(mode), "label": _WORDS[mode][2]} for mode in desk.modes if mode is not Mode.LATE
        ],
        "late": {"value": str(Mode.LATE), "label": _WORDS[Mode.LATE][2]} if Mode.LATE in desk.modes else None,
        "late_seconds": typed.get("late_seconds", str(view.late_seconds)),
        "by_organisation": desk.by_organisation,
        "organisation": typed.get("organisation", ""),
        "stop": {"value": str(Mode.STOPPED), "label": _WORDS[Mode.STOPPED][2]},
        "start": {"value": str(Mode.NORMAL), "label": _WORDS[Mode.NORMAL][2]},
        "stopped": [{"code": code, "name": organisation(code).name} for code in view.stopped_organisations],
    }


def _read(desk: ControlDesk, typed: "Mapping[str, str]") -> Control | dict[str, str]:
    """What a form wants, or what is wrong with which field."""
    try:
        mode = Mode(typed.get("mode", ""))
    except ValueError:
        return {"mode": "ボタンで選んでください。"}
    seconds = typed.get("late_seconds", "")
    if mode is Mode.LATE:
        if not (
            seconds.isascii() and seconds.isdigit() and len(seconds) <= 8 and int(seconds) <= LATE_SECONDS_MAX
        ):
            return {"late_seconds": f"秒数は0から{LATE_SECONDS_MAX}までの数字で入れてください。"}
        return Control(mode, late_seconds=int(seconds))
    if "organisation" not in typed:
        return Control(mode, late_seconds=desk.view.late_seconds)
    found = found_organisation(typed["organisation"])
    if found is None:
        return {"organisation": f"この機関はありません。{WHICH_ORGANISATION}を入れてください。"}
    return Control(mode, organisation=found.code)


def found_organisation(text: str) -> Organisation | None:
    """By its own code, or a municipality by its shorter one or by its name, where no other has the same.

    Digits may be full-width, as a Japanese keyboard gives them.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        text = _codes_by_name().get(text.replace(" ", ""), text)
        return of_municipality(municipality(text).code) if len(text) == 6 else organisation(text)
    except (UnknownOrganisation, UnknownMunicipality):
        return None


@cache
def _codes_by_name() -> dict[str, str]:
    """Municipalities' six digits by 東京都千代田区 and 千代田区."""
    found: dict[str, set[str]] = {}
    for each in MUNICIPALITIES:
        for name in (each.name, each.county + each.name, each.prefecture + each.name, each.full_name):
            found.setdefault(unicodedata.normalize("NFKC", name), set()).add(each.code)
    return {name: min(codes) for name, codes in found.items() if len(codes) == 1}
