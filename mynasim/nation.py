"""``mynasim nation``: looks at the nation, and takes test data from it."""

import contextlib
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from mynasim import nation_files, nation_words, place
from mynasim.mistakes import in_japanese
from mynasim.nation_conditions import Conditions, NationRefused, Place, place_of, wanted_by
from mynasim.nation_life import registered
from mynasim.nation_words import Found
from mynasim.output import reader_may_leave, say, write_cells, write_json
from mynasim.progress import Progressing
from mynasim.settings import FILE_NAME, load
from portal.wire.registry import REPORT_EVENT, EventKind, ReportEvent
from sim.nation import census_table, export
from sim.nation.life import LifeEvent, LifeEventKind, life_events
from sim.nation.municipalities import MUNICIPALITIES, UnknownMunicipality
from sim.nation.nation import Nation, UnknownResident
from sim.nation.person import Person
from sim.nation.portrait import portrait
from sim.nation.search import Wanted, find

FOUND_MAX = 10_000
"""More is taken out by `export`."""
COUNT_MAX = 1_000_000_000
_OUTPUT = ("-", "/dev/stdout")
"""What other programs take for their output."""

app = App(
    name="nation",
    help="国（1億2,600万人の住民）を調べ、試験データを取り出します。",
    error_formatter=in_japanese,
)

State = Annotated[Path | None, Parameter(help="状態フォルダー。既定は利用者の状態フォルダーの中の mynasim。")]
SettingsFile = Annotated[
    Path | None,
    Parameter(name="--settings", help="設定ファイル（TOML）。既定は状態フォルダーの settings.toml。"),
]
Json = Annotated[bool, Parameter(help="1件を1行のJSONで書きます。", negative="")]


_ANYBODY = Conditions()


@app.command
def show(
    resident: Annotated[str, Parameter(help="住民番号（例: 131016-12）。マイナンバーか住民票コードでも。")],
    /,
    *,
    json: Annotated[bool, Parameter(help="1行のJSONで書きます。", negative="")] = False,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """1人の住民を、世帯・カード・情報を持つ機関とともに示します。"""
    with _plain_words(), reader_may_leave():
        nation = _nation(state, settings)
        person = _resident(nation, resident)
        found = portrait(nation, person)
        now = registered((state or place.default_state()).absolute(), nation, person)
        if json:
            write_json(found, {} if now is None else {"registered": now})
        else:
            print(nation_words.portrait(found, valid=nation.valid_my_numbers))
            if now is not None:
                print(nation_words.registered(now, found.as_of))


@app.command(name="find")
def find_residents(
    conditions: Conditions = _ANYBODY,
    *,
    limit: Annotated[int, Parameter(help=f"示す人数の上限（{FOUND_MAX:,}まで）。")] = 20,
    scattered: Annotated[
        bool, Parameter(help="番号順でなく、全体に散らばるように選びます。", negative="")
    ] = False,
    json: Json = False,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """条件に合う住民を、番号順に示します。"""
    with _plain_words(), reader_may_leave():
        if not 1 <= limit <= FOUND_MAX:
            raise NationRefused(f"--limit は1から{FOUND_MAX}までで指定してください: {limit}")
        nation, shown = _nation(state, settings), 0
        wanted = wanted_by(conditions)
        with (
            _saying_when_stopped(lambda: f"中止しました。{shown:,}人を示したところです。"),
            Progressing("探しています") as progress,
        ):
            for person in islice(find(nation, wanted, progress, scattered=scattered), limit):
                progress.hide()
                found = Found.of(nation, person)
                if json:
                    write_json(found)
                else:
                    write_cells(found.cells(), nation_words.FOUND_WIDTHS)
                sys.stdout.flush()
                shown += 1
        if shown == limit:
            say(f"{shown:,}人を示しました（--limit の上限です。ほかにもいるかもしれません）。")
        else:
            say(f"{shown:,}人を示しました。" if shown else "条件に合う住民はいません。")


@app.command(name="export")
def export_residents(
    conditions: Conditions = _ANYBODY,
    *,
    count: Annotated[int, Parameter(help="書き出す人数。条件に合う人がそれより少なければ、全員。")] = 1000,
    format_: Annotated[
        Literal["csv", "jsonl", "xlsx"] | None,
        Parameter(name="--format", help="形式。既定は --out の名前から、なければcsv。"),
    ] = None,
    out: Annotated[Path | None, Parameter(help="書き出すファイル。なければ画面（標準出力）へ。")] = None,
    fields: Annotated[
        str | None, Parameter(help="書き出す項目を、コンマで区切って。既定は基本の項目すべて。")
    ] = None,
    force: Annotated[bool, Parameter(help="ファイルがあれば上書きします。", negative="")] = False,
    scattered: Annotated[
        bool, Parameter(help="番号順でなく、全体に散らばるように選びます。", negative="")
    ] = False,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """住民を試験データとして書き出します（CSV・JSON Lines・Excel）。"""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        # Who started it with nohup wants it to outlive the terminal.
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, _interrupt)
    with _plain_words(), reader_may_leave():
        if out is not None and str(out) in _OUTPUT:
            out = None
        kind = format_ or _format_of(out)
        chosen = (
            export.fields_of(fields.replace("、", ",").split(","))
            if fields is not None
            else export.EXPORT_COLUMNS
        )
        if not 1 <= count <= COUNT_MAX:
            raise NationRefused(f"--count は1から{COUNT_MAX:,}までで指定してください: {count}")
        nation, wanted = _nation(state, settings), wanted_by(conditions)
        living = len(nation.residents_of(wanted.municipality)) if wanted.municipality else nation.size
        if kind == "xlsx":
            if out is None:
                raise NationRefused("xlsx は画面に書けません。--out でファイルを指定してください。")
            if min(count, living) >= nation_files.WORKBOOK_ROWS_MAX:
                most = nation_files.WORKBOOK_ROWS_MAX - 1
                raise NationRefused(
                    f"xlsx に書けるのは{most:,}人までです。--count を減らすか、csv か jsonl にしてください。"
                )
        with Progressing("書き出しています") as progress:
            search = None if wanted == Wanted(municipality=wanted.municipality) else progress
            people = islice(find(nation, wanted, search, scattered=scattered), count)
            counted = _Counted(people, min(count, living), None if search else progress)
            rows = export.rows(nation, counted, chosen)
            _write_export(kind, chosen, rows, out, force=force)
        if out is not None:
            say(f"{counted.done:,}人を {out} に書き出しました。")
        if counted.done < count:
            say(f"条件に合う住民は、{counted.done:,}人だけでした。")


@app.command
def import_census(
    file: Annotated[Path, Parameter(help="国勢調査の市区町村別人口の表（CSVかxlsx）。")],
    /,
    *,
    column: Annotated[
        str | None, Parameter(help="人口の列の見出し。既定では、よくある見出しを探します。")
    ] = None,
    state: State = None,
) -> None:
    """国勢調査の公式の表を取り込み、市区町村の人口をそれに合わせます。"""
    with _plain_words():
        rows = nation_files.read_table(file, census_table.rows_of_csv)
        table = census_table.from_rows(rows, column)
        folder = (state or place.default_state()).absolute()
        place.take_populations(folder, place.CensusPopulations(file.name, table.populations))
        print(f"{file} から{len(table.populations):,}市区町村の人口を取り込みました: 全国 {table.people:,}人")
        for line in nation_words.ignored(table.ignored):
            print(line)
        print(f"{folder} の世界は、この人口で始まります。")


@app.command
def municipalities(
    *,
    prefecture: Annotated[str | None, Parameter(help="都道府県。名前か、コードのはじめの2桁。")] = None,
    json: Json = False,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """市区町村の一覧を、コード・読み・人口・接続の型とともに示します。"""
    with _plain_words(), reader_may_leave():
        nation = _nation(state, settings)
        chosen = [m for m in MUNICIPALITIES if prefecture is None or prefecture in (m.prefecture, m.code[:2])]
        if not chosen:
            raise NationRefused(
                f"都道府県「{prefecture}」はありません。「東京都」か「13」のように指定してください。"
            )
        for one in chosen:
            listed = nation_words.Listed.of(one, nation.populations[one.index])
            if json:
                write_json(listed)
            else:
                write_cells(listed.cells(), nation_words.LISTED_WIDTHS)


@app.command
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
    with _plain_words(), reader_may_leave():
        on = _day(day)
        if not 1 <= limit <= FOUND_MAX:
            raise NationRefused(f"--limit は1から{FOUND_MAX}までで指定してください: {limit}")
        nation = _nation(state, settings)
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


@app.command
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

    with _plain_words(), reader_may_leave():
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
            None if day is None else _day(day),
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


# What the commands share


def _nation(state: Path | None, settings_file: Path | None) -> Nation:
    folder = (state or place.default_state()).absolute()
    if state is not None and not folder.is_dir():
        # A world that has not begun has the nation that it will begin with; but it may be a slip of the pen.
        say(f"状態フォルダー {folder} はまだありません。そこで始まる世界の、はじめの国を示します。")
    file = settings_file
    if file is None and (folder / FILE_NAME).exists():
        file = folder / FILE_NAME
    return place.nation(folder, load(file).world)


def _resident(nation: Nation, text: str) -> Person:
    # As numbers are printed, in groups, and as a Japanese keyboard gives them.
    digits = "".join(unicodedata.normalize("NFKC", text).split())
    if digits.isascii() and digits.isdigit() and len(digits) in (11, 12):
        n = nation.by_my_number(digits) if len(digits) == 12 else nation.by_resident_code(digits)
        if n is None:
            what = "マイナンバー" if len(digits) == 12 else "住民票コード"
            raise NationRefused(f"{what}「{digits}」の住民はいません。")
        return nation.person(n)
    return nation.resident(digits)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NationRefused(f"日「{text}」を読めません。2026-07-01 のように指定してください。") from error


def _concerns(nation: Nation, event: LifeEvent, code: str | None) -> bool:
    if code is None or event.municipality == code:
        return True
    here = nation.residents_of(code)
    return event.n in here or (event.partner is not None and event.partner in here)


class _Counted:
    """People as they pass by, counted."""

    def __init__(self, people: Iterator[Person], total: int, progress: Progressing | None) -> None:
        self.done = 0
        self._people = people
        self._total = total
        self._progress = progress

    def __iter__(self) -> Iterator[Person]:
        for person in self._people:
            yield person
            self.done += 1
            if self._progress is not None and self.done % 1000 == 0:
                self._progress(self.done, self._total)


def _format_of(out: Path | None) -> str:
    suffix = out.suffix.lower() if out is not None else ""
    return {".jsonl": "jsonl", ".ndjson": "jsonl", ".xlsx": "xlsx"}.get(suffix, "csv")


def _write_export(
    kind: str, fields: Sequence[str], rows: Iterator[export.Row], out: Path | None, *, force: bool
) -> None:
    lines = export.json_lines(fields, rows) if kind == "jsonl" else export.csv_lines(fields, rows)
    if out is None:
        for line in lines:
            sys.stdout.buffer.write(line.encode())
        return
    try:
        with nation_files.whole_file(out, force=force) as draft:
            if kind == "xlsx":
                nation_files.write_workbook(draft, fields, rows)
            else:
                # Spreadsheets take a CSV file for Japanese only by this mark; programs read JSON without one.
                nation_files.write_lines(draft, lines, "utf-8-sig" if kind == "csv" else "utf-8")
    except KeyboardInterrupt:
        say(f"中止しました。{out} は書いていません。")
        raise


@contextlib.contextmanager
def _saying_when_stopped(words: Callable[[], str]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say(words())
        raise


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _plain_words() -> Iterator[None]:
    """What the nation finds wrong is told as it is: it speaks for people."""
    try:
        yield
    except (
        UnknownResident,
        UnknownMunicipality,
        export.UnknownField,
        census_table.CensusTableError,
    ) as error:
        raise NationRefused(str(error)) from error
