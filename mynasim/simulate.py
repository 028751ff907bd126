"""``mynasim simulate``: a municipality's life over years, in minutes, with a report of what came of it."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from scenarios.years.running import Glance, Outcome, Years

INTERRUPTED = 130
"""Exit code of what was stopped by hand."""
PERCENT_A_LINE = 5
SECONDS_A_LINE = 60.0
"""Where nobody watches a terminal, so often a line is written."""


def simulate(
    *,
    years: Annotated[float | None, Parameter(help="模擬する年数。")] = None,
    months: Annotated[int | None, Parameter(help="年数の代わりに、月数。")] = None,
    days: Annotated[int | None, Parameter(help="年数の代わりに、日数。")] = None,
    residents: Annotated[int, Parameter(help="住民の数。")] = 100_000,
    municipality: Annotated[
        str,
        Parameter(help="住民の住む市区町村のコード（6桁）。既定は、その人数のいるいちばん小さな市区町村。"),
    ] = "",
    seed: Annotated[int, Parameter(help="種。同じ種からは、同じ結果になります。")] = 1,
    sign_ins: Annotated[
        str,
        Parameter(
            help="住民1人・1か月あたりのログインの回数。actual は2020年8月の全国の実績（23万回）から。"
        ),
    ] = "actual",
    inquiries: Annotated[
        str,
        Parameter(
            help="機関どうしの照会の全国での量: off、actual（開庁時間に毎秒27件）、design、actual-peak、design-peak、"
            "1秒あたりの件数。住民の数に合わせて減らします。"
        ),
    ] = "actual",
    through: Annotated[
        float,
        Parameter(help="利用者でない住民についての照会のうち、数えるだけでなく全経路を通す割合。"),
    ] = 0.02,
    server_profile: Annotated[
        str, Parameter(help="中間サーバーの動き方。設定 [world] server_profile と同じ。")
    ] = ("office_hours"),
    report: Annotated[Path, Parameter(help="報告（1つのHTMLファイル）を書くところ。")] = Path(
        "simulate.html"
    ),
    json: Annotated[Path | None, Parameter(help="同じ結果を、JSONでこのファイルに書きます。")] = None,
    commit: Annotated[
        str | None, Parameter(help="プログラムの版。いまの版と違えば、動かさずに断ります。")
    ] = None,
) -> None:
    """一つの市区町村の数か月から数年を、模擬の時間で早回しし、図の入った報告を書きます。

    Ctrl-C で止めると、そこまでの報告を書きます。終了コードは、守られるべきことがすべて守られれば0、守られないことがあれば1、
    途中で止めたときは130です。
    """
    from scenarios.explorer import tree
    from scenarios.years import order as orders
    from scenarios.years import running

    wanted = orders.Order(
        orders.from_duration(years, months, days),
        residents,
        seed,
        municipality,
        _sign_ins(sign_ins),
        inquiries,
        through,
        server_profile,
    )
    orders.check(wanted)
    if commit is not None:
        tree.hold_to(commit)
    for path in (report, json):
        if path is not None:
            _must_be_writable(path)
    stopping = _Stopping()
    with _Shown(wanted.days) as shown:
        outcome = running.run(wanted, told=shown, stop=stopping)
    sys.exit(tell(outcome, report, json))


def _sign_ins(text: str) -> float:
    from scenarios.years.order import ACTUAL, ACTUAL_SIGN_INS, WrongOrder

    if text == ACTUAL:
        return ACTUAL_SIGN_INS
    try:
        return float(text)
    except ValueError:
        raise WrongOrder(f"--sign-ins の「{text}」を読めません。{ACTUAL} か、回数にしてください。") from None


def _must_be_writable(path: Path) -> None:
    """Before years are lived through: can what they come to be written? Leaves what is there as it is."""
    from scenarios.years.order import WrongOrder

    is_new = not path.exists()
    try:
        with path.open("ab"):
            pass
        if is_new:
            path.unlink()
    except OSError as error:
        raise WrongOrder(
            f"{path} に書けません（{error.strerror}）。書き込めるところを指定してください。"
        ) from None


class _Stopping:
    """Whether somebody has pressed Ctrl-C: once to end with a report, twice to end at once."""

    def __init__(self) -> None:
        self._said = False
        signal.signal(signal.SIGINT, self._say)
        signal.signal(signal.SIGTERM, self._say)

    def __call__(self) -> bool:
        return self._said

    def _say(self, number: int, _: object) -> None:
        self._said = True
        sys.stderr.write("\n止めています。そこまでの報告を書きます（もう一度押すと、書かずに終わります）。\n")
        signal.signal(number, signal.default_int_handler)


class _Shown:
    """進みぐあい on the error output: a line that changes on a terminal, elsewhere one now and then."""

    def __init__(self, days: int) -> None:
        self._days = days
        self._is_terminal = sys.stderr.isatty()
        self._told = -PERCENT_A_LINE
        self._told_at = 0.0
        self._width = 0

    def __enter__(self) -> "_Shown":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal and self._width:
            sys.stderr.write("\n")

    def __call__(self, years: "Years") -> None:
        glance = years.glance()
        if self._is_terminal:
            text = _line(glance)
            sys.stderr.write(f"\r{text:<{self._width}}")
            self._width = len(text)
        elif (
            glance.done * 100 >= self._told + PERCENT_A_LINE
            or glance.seconds >= self._told_at + SECONDS_A_LINE
        ):
            self._told, self._told_at = int(glance.done * 100), glance.seconds
            sys.stderr.write(f"{_line(glance)}\n")
        sys.stderr.flush()


def _line(glance: "Glance") -> str:
    seconds = max(glance.seconds, 1e-9)
    left = seconds / max(glance.done, 1e-9) - seconds
    return (
        f"{glance.day}  {glance.done:4.0%}  {glance.events / seconds:,.0f} 件/秒  "
        f"実際の{glance.simulated_seconds / seconds:,.0f}倍  残り {int(left) // 60}分{int(left) % 60:02}秒"
    )


def tell(outcome: "Outcome", report_path: Path, json_path: Path | None) -> int:
    """Write what it came to, and say it in short; the exit code."""
    import json as encoding

    from scenarios.explorer import tree
    from scenarios.years import report
    from scenarios.years.order import WrongOrder

    repeat = repeat_line(outcome, tree.commit())
    try:
        report.write(report_path, outcome, repeat=repeat)
        if json_path is not None:
            text = encoding.dumps(
                report.for_programs(outcome, repeat=repeat), ensure_ascii=False, default=str
            )
            json_path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise WrongOrder(f"{error.filename} に書けません（{error.strerror}）。") from error
    speed, out, breach = outcome.speed, sys.stdout, outcome.breach
    out.write(
        f"{outcome.data.days:,}日を{speed.seconds:,.0f}秒で（実際の{speed.factor:,.0f}倍）。報告: {report_path}\n"
    )
    if breach is not None:
        out.write(f"守られないことがあります: {breach.invariant}（{breach.requirement}）\n")
        out.write(f"  期待: {breach.expected}\n  実際: {breach.seen}\n  もう一度起こすには: {repeat}\n")
        return 1
    if outcome.was_stopped:
        out.write("途中で止めました。\n")
        return INTERRUPTED
    out.write("守られるべきことは、すべて守られました。\n")
    return 0


def repeat_line(outcome: "Outcome", commit: str) -> str:
    """The line that does the same again."""
    from scenarios.years.order import ACTUAL_SIGN_INS, Order

    order, usual = outcome.order, Order._field_defaults
    parts = [f"mynasim simulate --days {order.days} --residents {order.residents} --seed {order.seed}"]
    if order.municipality:
        parts.append(f"--municipality {order.municipality}")
    if order.sign_ins != ACTUAL_SIGN_INS:
        parts.append(f"--sign-ins {order.sign_ins!r}")
    if order.inquiries != usual["inquiries"]:
        parts.append(f"--inquiries {order.inquiries}")
    if order.through != usual["through"]:
        parts.append(f"--through {order.through!r}")
    if order.profile != usual["profile"]:
        parts.append(f"--server-profile {order.profile}")
    return f"{' '.join(parts)} --commit {commit}"
