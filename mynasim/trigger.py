"""``mynasim trigger``: brings a fault about on a world that runs, and takes it back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from portal.refusal import Refusal

if TYPE_CHECKING:
    from sim.faults.vocabulary import Fault

State = Annotated[Path | None, Parameter(help="状態フォルダー。既定は利用者の状態フォルダーの中の mynasim。")]


class WrongFault(Refusal):
    """The options don't make a fault."""


def trigger(
    fault: Annotated[
        str | None, Parameter(help="起こす障害。書かなければ、起こせるものの一覧を出します。")
    ] = None,
    *,
    system: Annotated[
        str | None, Parameter(help="stopped: 止めるシステム（jpki、registry、network、intermediate）。")
    ] = None,
    organisation: Annotated[
        str | None, Parameter(help="stopped・cut-off: 機関コード（16桁）。中間サーバーの一つだけを止めます。")
    ] = None,
    prefecture: Annotated[str | None, Parameter(help="cut-off: 都道府県コード（2桁）。")] = None,
    lgwan: Annotated[bool, Parameter(help="cut-off: すべての市区町村。", negative="")] = False,
    seconds: Annotated[int, Parameter(help="late: 何秒後に答えるか。")] = 60,
    resident: Annotated[str | None, Parameter(help="certificate-revoked: 住民の番号。")] = None,
    end: Annotated[bool, Parameter(help="起こす代わりに、終わらせます。", negative="")] = False,
    state: State = None,
    json: Annotated[bool, Parameter(help="結果を1行のJSONで書きます。", negative="")] = False,
) -> None:
    """動いている世界に障害を起こします。--end で元に戻します。"""
    import json as encoding

    from mynasim import place, settings
    from sim.faults import live

    if fault is None:
        for name, words in live.WORDS.items():
            sys.stdout.write(f"{name}\t{words}\n")
        return
    live.check(fault)
    folder = (state or place.default_state()).absolute()
    file = folder / settings.FILE_NAME
    world = settings.load(file if file.exists() else None).world
    nation = place.nation(folder, world)
    options: dict[str, dict[str, Any]] = {
        "stopped": {
            "system": system or ("intermediate" if organisation else None),
            "organisation": organisation,
        },
        "cut-off": {"organisation": organisation, "prefecture": prefecture, "lgwan": lgwan},
        "late": {"seconds": seconds},
        "certificate-revoked": {"person": None if resident is None else _number(nation, resident)},
    }
    wanted = _made(fault, options[fault])
    count = _carry_out(wanted, folder, world.seed, end=end)
    what = "終わらせました" if end else "起こしました"
    if json:
        told = {"fault": fault, "ended": end, "orders": count}
        sys.stdout.write(encoding.dumps(told, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"障害 {fault} を{what}（{count}件の操作）。\n")


def _number(nation: Any, resident: str) -> int:
    from sim.nation.nation import UnknownResident

    try:
        number: int = nation.number_of(resident)
    except UnknownResident as error:
        raise WrongFault(str(error)) from error
    return number


def _made(kind: str, given: dict[str, Any]) -> "Fault":
    import msgspec

    from portal.wire.complaints import complaint
    from sim.faults.vocabulary import AnyFault

    content = {"fault": kind, **{name: value for name, value in given.items() if value is not None}}
    try:
        made: Fault = msgspec.convert(content, AnyFault)
    except msgspec.ValidationError as error:
        words, where = complaint(error)
        at = where.removeprefix("$").removeprefix(".")
        raise WrongFault(
            f"障害 {kind} の指定が足りないか、正しくありません（{f'{at}: ' if at else ''}{words}）。mynasim trigger --help で確かめてください。"
        ) from error
    return made


def _carry_out(wanted: "Fault", folder: Path, seed: int, *, end: bool) -> int:
    """Orders that were taken. Raises ``NotLive``, ``NotRunning`` and ``Refused``."""
    from mynasim import running_links
    from portal.wire.problems import Problem
    from sim.faults import live
    from sim.faults.vocabulary import CertificateRevoked
    from sim.jpki.serials import Serials
    from sim.world.facts import secret_of

    orders = live.ends(wanted) if end else live.begins(wanted, Serials(secret_of(seed, "jpki")))
    if isinstance(wanted, CertificateRevoked):
        for order in orders:
            (outcome,) = running_links.ask_all(folder, [(order.operation, order.request)])
            if not isinstance(outcome, Problem):
                return 1
        raise running_links.Refused("この住民に発行された電子証明書がありません。")
    outcomes = running_links.ask_all(folder, [(order.operation, order.request) for order in orders])
    for outcome in outcomes:
        if isinstance(outcome, Problem):
            raise running_links.Refused(f"断られました: {outcome.detail}")
    return len(outcomes)
