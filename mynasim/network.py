"""``mynasim network``: what one needs to speak to the network by hand: keys, codes, and batch inquiry files."""

import sys
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from mynasim import place
from mynasim.mistakes import in_japanese
from mynasim.nation_conditions import place_of
from mynasim.output import reader_may_leave, say, write_cells, write_json
from mynasim.running_links import ask
from mynasim.settings import FILE_NAME, load
from portal.links.credentials import authorization_of
from portal.refusal import Refusal
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.secrets import load_or_make
from portal.wire.intermediate import FETCH_FILE_RESULT, SUBMIT_FILE, OneFile, SubmitFile
from portal.wire.intermediate_keeping import SendState
from portal.wire.moments import to_jst
from portal.wire.systems import Caller, Party, System
from sim.intermediate import batch_file
from sim.intermediate.batch_samples import permitted, sample
from sim.nation.catalogue import catalogue
from sim.nation.municipalities import UnknownMunicipality
from sim.nation.organisations import (
    ORGANISATIONS,
    Kind,
    Organisation,
    UnknownOrganisation,
    of_municipality,
    organisation,
)

LINES_MAX = 20_000
"""Of one file that is written; a send may hold less, by the server's profile."""
FILE_BYTES_MAX = 16 * 1024 * 1024
KINDS = {
    Kind.MUNICIPALITY: "市区町村",
    Kind.PREFECTURE: "都道府県",
    Kind.WIDE_AREA_UNION: "後期高齢者医療広域連合",
    Kind.PENSION_SERVICE: "日本年金機構",
    Kind.EMPLOYMENT_AGENCY: "職業安定局",
    Kind.STUDENT_SUPPORT: "日本学生支援機構",
    Kind.DIGITAL_AGENCY: "デジタル庁",
    Kind.HEALTH_ASSOCIATION: "全国健康保険協会",
    Kind.HEALTH_SOCIETY: "健康保険組合",
    Kind.MUTUAL_AID: "共済組合",
}

app = App(
    name="network",
    help="情報提供ネットワークシステムや中間サーバーを、手で使うためのもの（鍵・コード・一括照会ファイル）です。",
    error_formatter=in_japanese,
)

State = Annotated[Path | None, Parameter(help="状態フォルダー。既定は利用者の状態フォルダーの中の mynasim。")]
Json = Annotated[bool, Parameter(help="1件を1行のJSONで書きます。", negative="")]
CALLERS: dict[str, Caller] = {str(caller): caller for caller in (Party.OPERATOR, *System)}


class WrongFile(Refusal):
    """The file is not what it should be, or names what there is not."""


class OrganisationLine(msgspec.Struct, frozen=True):
    code: str
    name: str
    kind: Kind
    municipality: str | None


class PermissionLine(msgspec.Struct, frozen=True):
    """情報照会の根拠: a row of the permission table, with names."""

    affair: str
    affair_name: str
    procedure: str
    procedure_name: str
    information: str
    information_name: str
    provider: Kind


@app.command
def key(
    caller: Annotated[str, Parameter(help=f"名乗るもの: {'、'.join(CALLERS)}。")] = str(Party.OPERATOR),
    /,
    *,
    state: State = None,
) -> None:
    """システムの操作を curl などで試すときに付ける、Authorization ヘッダーの1行を書きます。

    鍵はこの状態フォルダーのものです。運用者（operator）は、どの機関の側の操作もできます。
    """
    if caller not in CALLERS:
        raise WrongFile(f"「{caller}」はいません。{'、'.join(CALLERS)} のどれかを指定してください。")
    folder = (state or place.default_state()).absolute()
    if not folder.is_dir():
        raise WrongFile(f"状態フォルダー {folder} はありません。mynasim up で起動すると作られます。")
    secret = load_or_make(folder, LiveChance()).link
    sys.stdout.write(f"Authorization: {authorization_of(secret, CALLERS[caller])}\n")


@app.command
def organisations(
    words: Annotated[str | None, Parameter(help="名前か、コードの一部。書かなければ、すべて。")] = None,
    /,
    *,
    kind: Annotated[
        Kind | None, Parameter(help=f"種類: {'、'.join(f'{one}（{name}）' for one, name in KINDS.items())}。")
    ] = None,
    json: Json = False,
) -> None:
    """情報保有機関の一覧を、16桁の機関コードとともに示します。"""
    with reader_may_leave():
        chosen = [
            one
            for one in ORGANISATIONS
            if (kind is None or one.kind is kind)
            and (words is None or words in one.name or words in one.code)
        ]
        for one in chosen:
            if json:
                write_json(OrganisationLine(one.code, one.name, one.kind, one.municipality))
            else:
                write_cells((one.code, KINDS[one.kind], one.name), (16, 24, 0))
        say(f"{len(chosen):,}の機関" if chosen else "当てはまる機関はありません。")


@app.command
def permissions(
    inquirer: Annotated[str, Parameter(help="照会する機関。機関コード（16桁）か、市区町村の名前・コード。")],
    /,
    *,
    json: Json = False,
) -> None:
    """その機関が照会できるもの（事務・事務手続・特定個人情報・提供する機関の種類）を、コードとともに示します。"""
    with reader_may_leave():
        known = catalogue()
        rows = permitted(_organisation(inquirer).kind)
        for row in rows:
            told = PermissionLine(
                row.affair,
                known.affairs[row.affair].name,
                row.procedure,
                known.procedures[row.procedure].name,
                row.information,
                known.information[row.information].name,
                row.provider,
            )
            if json:
                write_json(told)
            else:
                cells = (
                    told.affair, told.affair_name, told.procedure, told.procedure_name,
                    told.information, told.information_name, KINDS[told.provider],
                )  # fmt: skip
                write_cells(cells, (16, 34, 16, 34, 16, 32, 0))
        say(f"{len(rows):,}とおり" if rows else "照会できるものはありません。")


@app.command
def batch(
    municipality: Annotated[str, Parameter(help="照会する市区町村。名前かコード。")],
    /,
    *,
    count: Annotated[int, Parameter(help=f"照会の件数（{LINES_MAX:,}まで）。")] = 100,
    folder: Annotated[Path, Parameter(help="ファイルを書くフォルダー。")] = Path(),
    state: State = None,
) -> None:
    """その市区町村の住民についての一括照会ファイルを作ります。中身は国から計算し、どれも受け付けられる照会です。"""
    if not 1 <= count <= LINES_MAX:
        raise WrongFile(f"--count は1から{LINES_MAX:,}までで指定してください: {count}")
    code = _municipality(municipality)
    home = (state or place.default_state()).absolute()
    file = home / FILE_NAME
    nation = place.nation(home, load(file if file.exists() else None).world)
    moment: datetime = to_jst(LiveClock().now_ms()).replace(tzinfo=None)
    lines = list(islice(sample(nation, code, moment), count))
    path = folder / batch_file.name_of(moment)
    try:
        with path.open("xb") as written:
            written.write(batch_file.write(lines))
    except FileExistsError as error:
        raise WrongFile(
            f"{path} はもうあります。1秒あとにやり直すか、--folder を指定してください。"
        ) from error
    except OSError as error:
        raise WrongFile(f"{path} に書けません（{error.strerror}）。") from error
    sys.stdout.write(f"{path}\n")
    if len(lines) < count:
        say(f"照会できる住民は{len(lines):,}人でした。")
    else:
        say(f"{len(lines):,}件の照会を書きました。")


@app.command
def check(file: Annotated[Path, Parameter(help="一括照会ファイル（P640R110_年月日時分秒）。")], /) -> None:
    """一括照会ファイルの形と、中のコードを調べます。誤りは、行・桁・項目で示します。"""
    lines = _read(file)
    known = catalogue()
    for number, line in enumerate(lines, 1):
        found = _unknown(number, line)
        if found is not None:
            raise WrongFile(f"{file}: {found}")
        if line.provider == line.inquirer:
            raise WrongFile(
                f"{file}: {batch_file.wrong(number, 'provider', '自分の機関には照会できません。')}"
            )
        asked = (organisation(line.inquirer).kind, line.affair, line.procedure)
        if not known.is_permitted(*asked, organisation(line.provider).kind, line.information):
            raise WrongFile(
                f"{file}: {batch_file.wrong(number, 'affair', 'この照会は、認められていません。')}"
            )
    sys.stdout.write(f"{file}: {len(lines):,}件。誤りはありません。\n")


@app.command
def send(
    file: Annotated[Path, Parameter(help="一括照会ファイル（P640R110_年月日時分秒）。")],
    /,
    *,
    json: Annotated[bool, Parameter(help="1行のJSONで書きます。", negative="")] = False,
    state: State = None,
) -> None:
    """動いている世界の中間サーバーに、一括照会ファイルを渡します。全件が受け付けられるか、1件も受け付けられません。"""
    lines = _read(file)
    code = lines[0].inquirer
    view = ask(_home(state), SUBMIT_FILE, SubmitFile(code, file.name, file.read_bytes()))
    if json:
        write_json(view)
    if view.state is SendState.REFUSED:
        raise WrongFile(f"{file}: 受け付けられませんでした。{view.reason or ''}")
    if not json:
        sys.stdout.write(f"{file.name}: {view.entries:,}件を受け付けました。\n")
        say(f"結果は mynasim network results {code} {file.name} で受け取れます。")


@app.command
def results(
    inquirer: Annotated[str, Parameter(help="照会した機関。機関コード（16桁）か、市区町村の名前・コード。")],
    name: Annotated[str, Parameter(help="送った一括照会ファイルの名前。")],
    /,
    *,
    state: State = None,
) -> None:
    """一括照会の結果ファイルを受け取ります。まだ答えのない件は「処理中」です。"""
    found = ask(_home(state), FETCH_FILE_RESULT, OneFile(_organisation(inquirer).code, name))
    with reader_may_leave():
        sys.stdout.write(found.content.decode("utf-8-sig"))
        answered = found.entries - found.waiting
        say(f"{found.entries:,}件のうち{answered:,}件に答えがありました。")


def _home(state: Path | None) -> Path:
    return (state or place.default_state()).absolute()


def _municipality(text: str) -> str:
    try:
        return place_of(text).code
    except UnknownMunicipality as error:
        raise WrongFile(str(error)) from error


def _organisation(text: str) -> Organisation:
    if text.isascii() and text.isdigit() and len(text) == 16:
        try:
            return organisation(text)
        except UnknownOrganisation as error:
            raise WrongFile(str(error)) from error
    return of_municipality(_municipality(text))


def _read(file: Path) -> tuple[batch_file.Line, ...]:
    if not batch_file.is_name(file.name):
        raise WrongFile(f"{file}: ファイルの名前は「P640R110_」と年月日時分秒（14桁）にしてください。")
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise WrongFile(f"{file} を読めません（{error.strerror}）。") from error
    if len(content) > FILE_BYTES_MAX:
        raise WrongFile(f"{file} は大きすぎます（{FILE_BYTES_MAX:,}バイトまで）。")
    lines = batch_file.read(content)
    if isinstance(lines, batch_file.Malformed):
        raise WrongFile(f"{file}: {lines}")
    return lines


def _unknown(number: int, line: batch_file.Line) -> batch_file.Malformed | None:
    """A code that nothing bears."""
    known = catalogue()
    if line.affair not in known.affairs:
        return batch_file.wrong(number, "affair", "この事務はありません。")
    if line.procedure not in known.procedures:
        return batch_file.wrong(number, "procedure", "この事務手続はありません。")
    if line.information not in known.information:
        return batch_file.wrong(number, "information", "この特定個人情報はありません。")
    for name, code in (("inquirer", line.inquirer), ("provider", line.provider)):
        try:
            organisation(code)
        except UnknownOrganisation:
            return batch_file.wrong(number, name, "この機関はありません。")
    return None
