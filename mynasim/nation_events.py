"""``mynasim nation events`` and ``event``: what befalls residents on a day, and what is made to befall them (異動)."""

from typing import Annotated

from cyclopts import Parameter

from mynasim import nation_words, place
from mynasim.nation_asked import FOUND_MAX, Json, SettingsFile, State, day_of, nation_of, plain_words
from mynasim.nation_conditions import NationRefused, Place, place_of
from mynasim.output import reader_may_leave, say, write_cells, write_json
from portal.wire.registry import REPORT_EVENT, EventKind, ReportEvent
from sim.nation.life import LifeEvent, LifeEventKind, life_events
from sim.nation.nation import Nation


def events(
    *,
    day: Annotated[str, Parameter(help="日（例: 2026-07-01）。")],
    municipality: Place = None,
    kind: Annotated[LifeEventKind | None, Parameter(help="異動の種類。")] = None,
    limit: Annotated[int, Parameter(help=f"示す件数の上限（{FOUND_MAX:,}まで）。")] = 20,
    json: Json = False,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """その日に起きる異動（出生・死亡・婚姻・転居・就職など）を示します。"""
    with plain_words(), reader_may_leave():
        on = day_of(day)
        if not 1 <= limit <= FOUND_MAX:
            raise NationRefused(f"--limit は1から{FOUND_MAX}までで指定してください: {limit}")
        nation = nation_of(state, settings)
        if on < nation.reference_date:
            raise NationRefused(
                f"異動は{nation_words.day(nation.reference_date)}からあとの日にだけ起きます。"
            )
        code = place_of(municipality).code if municipality is not None else None
        try:
            found = life_events(nation, on)
        except ValueError as error:
            raise NationRefused(str(error)) from error
        chosen = [e for e in found if (kind is None or e.kind is kind) and _concerns(nation, e, code)]
        for event in chosen[:limit]:
            told = nation_words.Event.of(nation, event)
            if json:
                write_json(told)
            else:
                write_cells(told.cells(), nation_words.EVENT_WIDTHS)
        say(nation_words.tally(on, chosen, shown=min(limit, len(chosen))))


def event(
    resident: Annotated[
        str, Parameter(help="住民番号（例: 131016-12）。出生は母、婚姻は氏を変えない人の番号。")
    ],
    kind: Annotated[
        EventKind,
        Parameter(
            help="異動: move（転居）、marriage（婚姻）、birth（出生）、death（死亡）、job（就職など）。"
        ),
    ],
    /,
    *,
    to: Annotated[str | None, Parameter(help="転居: 移る先の市区町村。名前かコード。")] = None,
    alone: Annotated[
        bool, Parameter(help="転居: 世帯の全員でなく、その人だけが移ります。", negative="")
    ] = False,
    partner: Annotated[str | None, Parameter(help="婚姻: 氏を変える人の住民番号。")] = None,
    insurer: Annotated[str | None, Parameter(help="就職など: 新しい保険者の機関コード（16桁）。")] = None,
    day: Annotated[str | None, Parameter(help="異動の日（例: 2026-07-01）。既定は世界の今日。")] = None,
    json: Annotated[bool, Parameter(help="結果を1行のJSONで書きます。", negative="")] = False,
    state: State = None,
) -> None:
    """動いている世界の住民に、異動（転居・婚姻・出生・死亡・就職など）を起こします。"""
    from mynasim.running_links import ask
    from portal.seams.chance import LiveChance

    with plain_words(), reader_may_leave():
        for needed, option, words in (
            (EventKind.MOVE, to, "--to（移る先の市区町村）を指定してください。例: --to 東京都中央区"),
            (
                EventKind.MARRIAGE,
                partner,
                "--partner（氏を変える人の住民番号）を指定してください。例: --partner 131016-5",
            ),
            (EventKind.JOB, insurer, "--insurer（新しい保険者の機関コード、16桁）を指定してください。"),
        ):
            if kind is needed and option is None:
                raise NationRefused(f"{kind} には {words}")
        wanted = ReportEvent(
            LiveChance().random_bytes(16).hex(),
            resident,
            kind,
            None if day is None else day_of(day),
            None if to is None else place_of(to).code,
            alone,
            partner,
            insurer,
        )
        taken = ask((state or place.default_state()).absolute(), REPORT_EVENT, wanted)
        if json:
            write_json(taken)
            return
        for change in taken.changes:
            words = "、".join(nation_words.CHANGES[what] for what in change.what) or "世帯が変わりました"
            print(f"{change.resident}　{change.name}　{words}　{change.address}（世帯{change.household}人）")
        say("届け出ました。" if taken.changes else "届け出ました。変わったことはありません。")


def _concerns(nation: Nation, event: LifeEvent, code: str | None) -> bool:
    if code is None or event.municipality == code:
        return True
    here = nation.residents_of(code)
    return event.n in here or (event.partner is not None and event.partner in here)
