"""``mynasim nation``: looks at the nation, and takes test data from it."""

import contextlib
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from mynasim import nation_files, nation_words, place
from mynasim.mistakes import in_japanese
from mynasim.nation_asked import FOUND_MAX, Json, SettingsFile, State, nation_of, plain_words
from mynasim.nation_conditions import Conditions, NationRefused, wanted_by
from mynasim.nation_events import event, events
from mynasim.nation_life import registered
from mynasim.nation_words import Found
from mynasim.output import reader_may_leave, say, write_cells, write_json
from mynasim.progress import Progressing
from sim.nation import census_table, export
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.nation import Nation
from sim.nation.person import Person
from sim.nation.portrait import portrait
from sim.nation.search import Wanted, find

COUNT_MAX = 1_000_000_000
_OUTPUT = ("-", "/dev/stdout")
"""What other programs take for their output."""

app = App(
    name="nation",
    help="国（1億2,600万人の住民）を調べ、試験データを取り出します。",
    error_formatter=in_japanese,
)


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
    with plain_words(), reader_may_leave():
        nation = nation_of(state, settings)
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
    with plain_words(), reader_may_leave():
        if not 1 <= limit <= FOUND_MAX:
            raise NationRefused(f"--limit は1から{FOUND_MAX}までで指定してください: {limit}")
        nation, shown = nation_of(state, settings), 0
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
    with plain_words(), reader_may_leave():
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
        nation, wanted = nation_of(state, settings), wanted_by(conditions)
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
    with plain_words():
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
    with plain_words(), reader_may_leave():
        nation = nation_of(state, settings)
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


app.command(events)
app.command(event)


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
