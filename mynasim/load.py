"""``mynasim load``: residents and organisations under Locust, against a world of its own or a portal that runs already.

Locust runs in a process of its own, because it and Trio can't share one; the world, if it is ours, in another. Both end
with us, however we end. Whatever can be wrong is found before either is started.
"""

import json as json_module
import os
import signal
import sys
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cyclopts import Parameter

from mynasim.load_locust import Told, run_locust
from mynasim.load_words import Progress, keys_progress, show_table, summary
from mynasim.load_world import LoadFailed, World, say, trust, world_at

if TYPE_CHECKING:
    from load.levels import Levels
    from load.plan import Plan
    from load.profile_file import Profile
    from load.result import Result

USERS_MAX = 10_000
DURATION_SECONDS_MAX = 86_400 * 31
RATE_MAX = 1_000_000.0
PROCESSES_MAX = 256
USERS_DEFAULT = 20
SECONDS_DEFAULT = 30
RESIDENTS_EACH = 3
JOURNEY_DEFAULT = "disclosure"
LINES_LEAST, LINES_MOST = 50, 2_000
"""Of a planned run, unless it is said otherwise."""
VISIT_SECONDS, THINK_SECONDS, LATE_SECONDS = 4.0, 50.0, 35.0
"""How long a visit may take by itself, with the usual think times, and where a profile makes answers late: for the
number of lines."""


class Wanted(NamedTuple):
    """What was asked for, after it was checked."""

    profile: "Profile | None"
    plan: "Plan | None"
    levels: "Levels"
    earlier: "Result | None"
    journey: str
    users: int
    seconds: float
    seed: int
    nation: int
    residents: int
    pause: float
    spawn_rate: float
    think: float | None
    card_keys: int
    sign_ahead: int
    processes: int
    faults: bool


def load(
    *,
    profile: Annotated[
        str | None,
        Parameter(
            help="到着の計画。名前（--list で一覧）か .toml のファイル。なければ、決まった数の利用者が繰り返します。"
        ),
    ] = None,
    rate: Annotated[
        float | None, Parameter(help="計画の山の、1秒あたりの開始数。--profile なしなら一定の速さで。")
    ] = None,
    journey: Annotated[
        str | None,
        Parameter(
            help="行程（load/journeys のファイルの名前）。--profile と一緒なら、計画の行程に代えます。"
        ),
    ] = None,
    users: Annotated[int | None, Parameter(help="同時に使う利用者の数。計画では、接続の数の上限。")] = None,
    duration: Annotated[
        float | None, Parameter(help="負荷をかける秒数。計画では、計画全体をこの秒数に縮めます。")
    ] = None,
    host: Annotated[
        str | None,
        Parameter(help="ポータルのアドレス。なければ、この試験だけの世界を起動し、終わったら消します。"),
    ] = None,
    world: Annotated[
        Path | None, Parameter(help="--host の世界の状態フォルダー。機関の行程と障害に要ります。")
    ] = None,
    systems: Annotated[
        str,
        Parameter(
            help="--host のほかのシステムのアドレス（network=http://…、コンマで区切る）。既定は設定のとおり。"
        ),
    ] = "",
    tls: Annotated[
        bool, Parameter(help="試験用の世界をTLSで起動し、住民はTLSでつなぎます。", negative="")
    ] = False,
    authority: Annotated[
        Path | None,
        Parameter(
            help="--host がhttps://のとき、信頼する認証局の証明書（PEM）。既定は --world のもの、なければこの計算機のもの。"
        ),
    ] = None,
    seed: Annotated[int, Parameter(help="どの住民がいつ来るかを決める種。")] = 1,
    nation: Annotated[int, Parameter(help="国の種。--host の世界の設定 [world] seed と同じにします。")] = 1,
    spawn_rate: Annotated[float | None, Parameter(help="1秒に増やす利用者の数。既定は1秒で全員。")] = None,
    residents: Annotated[
        int | None,
        Parameter(
            help="利用者1人が受け持つ住民の数（既定は3）。計画では、来る住民の数（既定は全員が1回ずつ）。"
        ),
    ] = None,
    pause: Annotated[float, Parameter(help="訪問と訪問の間の秒数（計画なしのとき）。")] = 1.0,
    think: Annotated[
        float | None, Parameter(help="考える時間の倍率。0なら考えません。既定は計画のとおり。")
    ] = None,
    card_keys: Annotated[
        int | None,
        Parameter(
            help="計画で、全員のカードが共有する鍵の組の数（既定は64。0なら1枚ずつ作るので時間がかかります）。"
        ),
    ] = None,
    sign_ahead: Annotated[int, Parameter(help="計画で、計測の前に署名しておく訪問の数。")] = 0,
    processes: Annotated[int, Parameter(help="負荷をかけるプロセスの数。")] = 1,
    faults: Annotated[bool, Parameter(help="計画にある障害を起こします。")] = True,
    sla: Annotated[Path | None, Parameter(help="サービス水準のファイル（TOML）。")] = None,
    report: Annotated[Path | None, Parameter(help="報告を1つのHTMLファイルに書きます。")] = None,
    junit: Annotated[Path | None, Parameter(help="判定をJUnit形式で書きます。")] = None,
    save: Annotated[Path | None, Parameter(help="結果を、あとで比べられるように書きます。")] = None,
    compare: Annotated[Path | None, Parameter(help="前に --save で書いた結果と比べます。")] = None,
    find_capacity: Annotated[
        bool, Parameter(help="水準が破れるまで階段状に増やし、容量を求めます。", negative="")
    ] = False,
    list_profiles: Annotated[
        bool, Parameter(name="--list", help="計画の一覧を示します。", negative="")
    ] = False,
    json: Annotated[bool, Parameter(help="最後に、結果を1行のJSONで書きます。", negative="")] = False,
) -> None:
    """ポータルに負荷をかけ、手順ごとの応答時間と失敗を示します（終了コードは docs/load.md）。"""
    if list_profiles:
        _list()
        return
    _check_files(report, junit, save)
    wanted = _wanted(
        "constant" if find_capacity and profile is None else profile, rate, journey, users, duration, seed, nation,
        spawn_rate, residents, pause, think, card_keys,
        sign_ahead, processes, faults, sla, compare,
    )  # fmt: skip
    if find_capacity:
        from mynasim.load_capacity import check

        check(duration)
    signal.signal(signal.SIGTERM, _interrupt)
    take_census(world)
    take_authority(host, world, authority, tls=tls)
    _make_keys(wanted)
    with world_at(host, world, systems, nation, tls=tls) as where:
        if find_capacity:
            from mynasim.load_capacity import find

            sys.exit(find(wanted, where, rate, duration, report, json=json))
        result = run(wanted, where)
    sys.exit(_tell(wanted, result, report, junit, save, json=json))


def take_census(world: Path | None) -> None:
    """Residents are numbered as in the world under load: by its census table, where it has one."""
    from load.holders import CENSUS_VARIABLE
    from mynasim import place

    if world is not None and place.populations(world.absolute()) is not None:
        os.environ[CENSUS_VARIABLE] = str(world.absolute() / place.POPULATIONS_FILE)


def take_authority(host: str | None, world: Path | None, authority: Path | None, *, tls: bool) -> None:
    """Whom to trust over TLS: the authority that is named, or the one of the world at *host*, if it has one."""
    over_tls = host is not None and host.startswith("https://")
    if tls and host is not None:
        raise LoadFailed(
            "--tls は試験用の世界のためのものです。--host にはhttps://で始まるアドレスを指定してください。"
        )
    if authority is not None and not over_tls:
        raise LoadFailed("--authority は --host がhttps://で始まるときに指定してください。")
    if authority is None and over_tls and world is not None:
        from portal.serving.tls import AUTHORITY_FILE

        own = world.absolute() / AUTHORITY_FILE
        authority = own if own.exists() else None
    if authority is not None:
        trust(authority)


def run(wanted: Wanted, where: World) -> "Result":
    """One run, measured."""
    from load.clock import moment

    shown = Progress(wanted.seconds)
    began_at = moment()
    if wanted.sign_ahead:
        say(f"計測の前に {wanted.sign_ahead} 回署名します…")
    told = run_locust(arguments(wanted, where), wanted.processes, shown.show)
    shown.end()
    return result_of(wanted, where, told, began_at)


def arguments(wanted: Wanted, where: World) -> list[str]:
    """For Locust."""
    from load.journeys import user_class_name

    said = ["--host", where.portal, "--users", str(wanted.users), "--spawn-rate", str(wanted.spawn_rate)]
    said += ["--seed", str(wanted.seed), "--nation", str(wanted.nation)]
    if where.state:
        said += ["--world", where.state]
    if where.systems:
        said += ["--systems", where.systems]
    if wanted.plan is None:
        said += ["--run-time", f"{ceil(wanted.seconds)}s"]
        said += ["--residents-each", str(wanted.residents), "--pause", str(wanted.pause)]
    else:
        assert wanted.profile is not None
        said += ["--plan", wanted.profile.source, "--rate", repr(wanted.plan.curve.peak)]
        said += ["--seconds", repr(wanted.seconds), "--residents", str(wanted.residents)]
        said += ["--card-keys", str(wanted.card_keys), "--sign-ahead", str(wanted.sign_ahead)]
        said += ["--think", str(-1 if wanted.think is None else wanted.think)]
        said += ["--only", wanted.journey] if wanted.journey else []
        said += [] if wanted.faults else ["--no-faults", "1"]
    return [*said, user_class_name(wanted.journey or JOURNEY_DEFAULT)]


def result_of(wanted: Wanted, where: World, told: Told, began_at: str) -> "Result":
    from load.measuring import Report
    from load.result import Result, describe

    about = describe(
        wanted.plan, wanted.journey, host=where.portal, began_at=began_at, seconds=wanted.seconds, users=wanted.users,
        processes=wanted.processes, seed=wanted.seed, nation=wanted.nation, residents=wanted.residents,
        card_keys=wanted.card_keys, think=wanted.think,
    )  # fmt: skip
    return Result(about, Report.decode(told.report), wanted.levels, told.missing, told.was_stopped)


def _wanted(
    profile: str | None, rate: float | None, journey: str | None, users: int | None, duration: float | None,
    seed: int, nation: int, spawn_rate: float | None, residents: int | None, pause: float, think: float | None,
    card_keys: int | None, sign_ahead: int, processes: int, faults: bool, sla: Path | None, compare: Path | None,
) -> Wanted:  # fmt: skip
    """Everything checked. Raises :class:`LoadFailed` with what is wrong."""
    from load.holders import HOLDERS_KEPT_MAX, SHARED_KEYS
    from load.journeys import journeys
    from load.levels import Levels, load_levels
    from load.plan import Plan
    from load.profile_file import find_profile
    from load.result import read

    if journey is not None and journey not in journeys():
        raise LoadFailed(f"行程「{journey}」はありません。あるのは {'、'.join(journeys())} です。")
    for name, value, least, most in (
        ("users", users, 1, USERS_MAX),
        ("duration", duration, 1, DURATION_SECONDS_MAX),
        ("processes", processes, 1, PROCESSES_MAX),
        ("residents", residents, 1, 100_000_000),
        ("card-keys", card_keys, 0, 100_000),
        ("sign-ahead", sign_ahead, 0, HOLDERS_KEPT_MAX),
        ("seed", seed, 0, 2**63),
        ("nation", nation, 0, 2**63),
        ("think", think, 0, 1_000),
        ("pause", pause, 0, 86_400),
    ):
        if value is not None and not (isfinite(value) and least <= value <= most):
            raise LoadFailed(f"--{name} は{least}から{most}までで指定してください: {value:g}")
    for name, number in (("rate", rate), ("spawn-rate", spawn_rate)):
        if number is not None and not 0 < number <= RATE_MAX:
            raise LoadFailed(f"--{name} は0より大きく{RATE_MAX:,.0f}以下で指定してください: {number:g}")
    is_planned = profile is not None or rate is not None
    if sign_ahead and not is_planned:
        raise LoadFailed("--sign-ahead は計画（--profile か --rate）と一緒に指定してください。")
    try:
        levels = Levels() if sla is None else load_levels(sla)
        earlier = None if compare is None else read(compare)
        found = find_profile(profile or "constant") if is_planned else None
        if found is not None and journey is not None:
            found = found.only(journey)
        plan = None if found is None else Plan(found, seed, rate, duration)
    except ValueError as error:
        raise LoadFailed(str(error)) from error
    if plan is None:
        count = users or USERS_DEFAULT
        return Wanted(
            None, None, levels, earlier, journey or JOURNEY_DEFAULT, count, duration or SECONDS_DEFAULT, seed, nation,
            residents or RESIDENTS_EACH, pause, spawn_rate or count, think, 0, 0, processes, faults,
        )  # fmt: skip
    count = users or _lines(plan, think)
    return Wanted(
        found, plan, levels, earlier, journey or "", count, plan.seconds, seed, nation, residents or 0, pause,
        spawn_rate or count, think, SHARED_KEYS if card_keys is None else card_keys, sign_ahead, processes, faults,
    )  # fmt: skip


def _lines(plan: "Plan", think: float | None) -> int:
    """So many connections that a portal in good health never keeps a start waiting."""
    pace = plan.profile.think if think is None else think
    late = LATE_SECONDS if plan.profile.faults else 0.0
    wanted = ceil(plan.curve.peak * (VISIT_SECONDS + THINK_SECONDS * pace + late))
    return min(LINES_MOST, max(LINES_LEAST, wanted))


def _check_files(*paths: Path | None) -> None:
    """Before an hour is measured: can what it comes to be written?"""
    for path in paths:
        if path is not None and not path.absolute().parent.is_dir():
            raise LoadFailed(f"{path} に書けません。フォルダー {path.absolute().parent} がありません。")


def _make_keys(wanted: Wanted) -> None:
    """The cards' keys, kept on disk: the first run with these residents makes them, on all cores."""
    from load.holders import make_ahead
    from sim.world.key_folder import key_folder

    count = 0 if wanted.plan is not None else wanted.users * wanted.residents
    try:
        make_ahead(
            wanted.nation, wanted.seed, count, key_folder(), keys_progress(), shared_keys=wanted.card_keys
        )
    except (RuntimeError, ValueError) as error:
        raise LoadFailed(str(error)) from error


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _list() -> None:
    from load.profile_file import profiles

    for name, profile in profiles().items():
        national = f"国全体の山 毎秒{profile.national_peak:g}" if profile.national_peak else ""
        sys.stdout.write(f"{name:20} {profile.title}  {national}\n{'':20} {profile.what}\n")


def _tell(
    wanted: Wanted,
    result: "Result",
    report: Path | None,
    junit: Path | None,
    save: Path | None,
    *,
    json: bool,
) -> int:
    """Print and write what came of it; the exit code."""
    from load.finishing import write

    if json:
        sys.stdout.write(json_module.dumps(summary(result), ensure_ascii=False) + "\n")
    else:
        show_table(result)
    try:
        write(result, report=report, junit=junit, keep=save, earlier=wanted.earlier)
    except OSError as error:
        raise LoadFailed(f"{error.filename} に書けません（{error.strerror}）。") from error
    if report is not None:
        say(f"報告: {report}")
    if result.nothing_ended and not result.was_stopped:
        say("一度も訪問が終わりませんでした。--duration を長くしてください。")
    return int(result.exit_code)
