"""The command line: ``mynasim COMMAND``. Commands import what they need when they are called."""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from mynasim.settings import Settings

app = App(
    name="mynasim",
    help="マイナポータルとそのまわりのシステムを、この計算機の上で動かします（模擬システム）。",
    version_flags=["--version"],
    help_flags=["--help", "-h"],
)

State = Annotated[Path | None, Parameter(help="状態フォルダー。既定は利用者の状態フォルダーの中の mynasim。")]
SettingsFile = Annotated[
    Path | None,
    Parameter(name="--settings", help="設定ファイル（TOML）。既定は状態フォルダーの settings.toml。"),
]
TrafficRate = Annotated[
    str | None,
    Parameter(
        help="ほかの機関どうしの照会を流す量: off、actual、design、actual-peak、design-peak、1秒あたりの件数。"
        "既定は設定 [world] traffic。"
    ),
]
StoreUrl = Annotated[
    str | None,
    Parameter(help="保管庫: postgresql://… の形。既定は設定 [portal] store。空なら状態フォルダーのSQLite。"),
]
Workers = Annotated[
    int | None,
    Parameter(
        help="ポータルのプロセスの数。2以上にはPostgreSQLの保管庫が要ります。既定は設定 [portal] workers。"
    ),
]
Tls = Annotated[
    bool | None,
    Parameter(
        help="利用者をTLS（HTTPS）で迎えます。証明書は起動のときに作ります。既定は設定 [portal] tls。",
        negative="",
    ),
]
Verbose = Annotated[bool, Parameter(help="くわしい記録を残します。", negative="")]


def _prepare(
    state: Path | None,
    settings_file: Path | None,
    *,
    traffic: str | None = None,
    store: str | None = None,
    workers: int | None = None,
    tls: bool | None = None,
) -> "tuple[Settings, Path, Path | None]":
    from mynasim import place, settings

    if traffic is not None:
        settings.check_traffic(traffic)
    folder = (state or place.default_state()).absolute()
    file = settings_file
    if file is None and (folder / settings.FILE_NAME).exists():
        file = folder / settings.FILE_NAME
    said: dict[str, dict[str, object]] = {
        "world": {"traffic": traffic},
        "portal": {"store": store, "workers": workers, "tls": tls},
    }
    above = {
        section: {name: value for name, value in entries.items() if value is not None}
        for section, entries in said.items()
    }
    environment = {**os.environ, **settings.to_environment(above)}
    return settings.load(file, environment), folder, file


@app.command
def up(
    *,
    state: State = None,
    settings: SettingsFile = None,
    traffic: TrafficRate = None,
    store: StoreUrl = None,
    workers: Workers = None,
    tls: Tls = None,
    json: Annotated[
        bool, Parameter(help="準備ができたら、同じ内容を1行のJSONで書きます。", negative="")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """ポータルと模擬システムをすべて起動します。"""
    from mynasim import up as command

    loaded, folder, file = _prepare(state, settings, traffic=traffic, store=store, workers=workers, tls=tls)
    command.run(loaded, folder, file, json=json, verbose=verbose)


@app.command
def portal(
    *,
    state: State = None,
    settings: SettingsFile = None,
    store: StoreUrl = None,
    workers: Workers = None,
    tls: Tls = None,
    json: Annotated[
        bool, Parameter(help="準備ができたら、アドレスを1行のJSONで書きます。", negative="")
    ] = False,
    log_file: Annotated[
        bool, Parameter(help="記録を画面でなく状態フォルダーの portal.log に書きます。", negative="")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """ポータルだけを起動します。"""
    from mynasim import portal as command

    loaded, folder, file = _prepare(state, settings, store=store, workers=workers, tls=tls)
    command.run(loaded, folder, file, json=json, log_file=log_file, verbose=verbose)


@app.command
def world(
    *,
    state: State = None,
    settings: SettingsFile = None,
    traffic: TrafficRate = None,
    json: Annotated[
        bool, Parameter(help="準備ができたら、アドレスを1行のJSONで書きます。", negative="")
    ] = False,
    log_file: Annotated[
        bool, Parameter(help="記録を画面でなく状態フォルダーの world.log に書きます。", negative="")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """ポータルのまわりの模擬システムだけを起動します。"""
    from mynasim import world as command

    loaded, folder, _ = _prepare(state, settings, traffic=traffic)
    command.run(loaded, folder, json=json, log_file=log_file, verbose=verbose)


@app.command
def settings(*, state: State = None, settings: SettingsFile = None) -> None:
    """いまの設定を、説明のついたTOMLで書き出します。"""
    from mynasim import settings as command

    loaded, _, _ = _prepare(state, settings)
    sys.stdout.write(command.explained(loaded))


@app.command
def reset(
    *,
    state: State = None,
    yes: Annotated[bool, Parameter(help="確かめずに空にします。", negative="")] = False,
) -> None:
    """状態フォルダーを空にします（アカウント、フォルダー、メール、カードの状態がすべて消えます）。"""
    from mynasim import reset as command

    command.run(state, ask=not yes)


scenarios = App(name="scenarios", help="住民と機関の筋書きを動かし、要件ごとに結果を報告します。")
scenarios.command("mynasim.scenarios:run", name="run")
app.command(scenarios)
app.command("mynasim.load:load", name="load", help="ポータルに負荷をかけて、応答の速さを測ります（Locust）。")
app.command("mynasim.trigger:trigger", name="trigger", help="動いている世界に、障害を起こします。")
app.command(
    "mynasim.explore:explore",
    name="explore",
    help="障害の起こるでたらめな世界を試し、守られるべきことが守られるかを調べます。",
)
app.command(
    "mynasim.simulate:simulate",
    name="simulate",
    help="一つの市区町村の数か月から数年を、模擬の時間で早回しし、図の入った報告を書きます。",
)
app.command(
    "mynasim.card:app",
    name="card",
    help="模擬マイナンバーカードを、カードリーダーに入れて使ったり、調べたりします。",
)
app.command(
    "mynasim.nation:app",
    name="nation",
    help="国（1億2,600万人の住民）を調べ、試験データを取り出します。",
)
app.command(
    "mynasim.network:app",
    name="network",
    help="情報提供ネットワークシステムや中間サーバーを手で使うための、鍵・コード・一括照会ファイルです。",
)


@app.command
def doctor(*, state: State = None) -> None:
    """足りないものと、その直しかたを調べます。"""
    from mynasim import doctor as command

    loaded, folder, _ = _prepare(state, None)
    sys.exit(command.run(loaded, folder))


def main() -> None:
    """Run a command; what keeps it from its work is said in one message, and the exit code is 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without Japanese gets escapes, not a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseExceptionGroup as group:
        reasons, others = group.split(_is_for_people)
        if others is not None or reasons is None:
            raise
        _refuse(*_leaves(reasons))
    except Exception as error:
        if not _is_for_people(error):
            raise
        _refuse(error)


def _is_for_people(error: BaseException) -> bool:
    from portal.refusal import Refusal
    from portal.store.store import StorageRefused

    return isinstance(error, Refusal | StorageRefused)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _refuse(*errors: BaseException) -> None:
    for message in dict.fromkeys(str(error) for error in errors):
        sys.stderr.write(f"mynasim: {message}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
