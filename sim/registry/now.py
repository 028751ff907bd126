"""What goes on at the registry, for its page: what life has changed, and a form to report what happens to a resident."""

from collections.abc import Mapping

from portal.serving.system import Surroundings
from portal.wire.problems import Problem
from portal.wire.registry import EventKind, ReportEvent
from sim.entrance.now import LINES_SHOWN_MAX, Field, Form, Now, Section, Table, Typed, moment_of
from sim.nation.life import LifeEvent
from sim.nation.municipalities import municipality
from sim.nation.nation import Nation
from sim.registry import tables
from sim.registry.service import Registry

KINDS: Mapping[EventKind, str] = {
    EventKind.MOVE: "転居",
    EventKind.MARRIAGE: "婚姻",
    EventKind.BIRTH: "出生",
    EventKind.DEATH: "死亡",
    EventKind.JOB: "就職・転職・退職",
}
_CHARACTERS_MAX = 40


def now(registry: Registry, surroundings: Surroundings) -> Now:
    """The page of this registry."""

    async def show(typed: Typed) -> tuple[Section, ...]:
        rows = await surroundings.store.read(tables.LATEST, {"most": LINES_SHOWN_MAX})
        events = [(row.at_ms, row.life_event) for row in rows]
        latest = Section(
            "latest",
            "新しい異動",
            _life_said(registry),
            table=Table(
                ("届出", "異動の日", "異動", "住民", "内容"),
                tuple(
                    (
                        moment_of(at_ms),
                        str(event.day),
                        KINDS[EventKind(event.kind)],
                        registry.nation.resident_id(event.n),
                        about(registry.nation, event),
                    )
                    for at_ms, event in events
                ),
                "まだ、だれにも異動はありません。",
            ),
        )
        return (_form(typed), latest)

    async def submit(typed: Typed) -> Mapping[str, str]:
        if any(len(value) > _CHARACTERS_MAX for value in typed.values()):
            return {"resident": f"{_CHARACTERS_MAX}文字までで入れてください。"}
        try:
            kind = EventKind(typed.get("kind", ""))
        except ValueError:
            return {"kind": "どの異動かを選んでください。"}
        more = typed.get("more", "") or None
        wanted = ReportEvent(
            surroundings.chance.random_bytes(16).hex(),
            typed.get("resident", ""),
            kind,
            to=more if kind is EventKind.MOVE else None,
            partner=more if kind is EventKind.MARRIAGE else None,
            insurer=more if kind is EventKind.JOB else None,
        )
        outcome = await registry.report(wanted)
        if not isinstance(outcome, Problem):
            return {}
        return {"resident" if outcome.field in (None, "$.resident") else "more": outcome.detail}

    return Now(show, submit)


def about(nation: Nation, event: LifeEvent) -> str:
    """What a line says of an event beside its kind."""
    if event.municipality is not None:
        people = f"（{len(event.members)}人）" if len(event.members) > 1 else ""
        return f"{municipality(event.municipality).full_name}へ{people}"
    if event.partner is not None:
        return f"{nation.resident_id(event.partner)} と"
    if event.newborn is not None:
        return f"{event.newborn.given}（{event.newborn.given_kana}）"
    return "" if event.insurer is None else event.insurer.name


def _life_said(registry: Registry) -> str:
    places = sorted(registry.life.municipalities)
    if not places:
        return '届け出られた異動だけが起きます（設定 [world] life = "on" で、日々の異動も起きます）。'
    names = "、".join(municipality(code).full_name for code in places[:5])
    more = f"など{len(places)}市区町村" if len(places) > 5 else ""
    return f"{names}{more}では、日がたつにつれて異動が起きます。"


def _form(typed: Typed) -> Section:
    return Section(
        "report",
        "異動を届け出る",
        "届け出ると、電子証明書の失効、副本、住民票にすぐ反映されます。転居すると、同じ世帯の全員が移ります。",
        form=Form(
            (
                Field(
                    "resident",
                    "住民番号",
                    typed.get("resident", ""),
                    "例：131016-12。出生は母、婚姻は氏を変えない人の番号です。",
                ),
                Field(
                    "kind",
                    "異動",
                    typed.get("kind", ""),
                    options=tuple((str(kind), label) for kind, label in KINDS.items()),
                ),
                Field(
                    "more",
                    "くわしく",
                    typed.get("more", ""),
                    "転居：移る先の市区町村コード（6桁）。婚姻：氏を変える人の住民番号。"
                    "就職など：新しい保険者の機関コード（16桁）。",
                    required=False,
                ),
            ),
            "届け出る",
        ),
    )
