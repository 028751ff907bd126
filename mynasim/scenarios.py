"""``mynasim scenarios``: runs the suite, in simulated time or over real sockets."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def run(
    *ids: Annotated[str, Parameter(help="動かすシナリオ。書かなければすべて。")],
    live: Annotated[
        bool,
        Parameter(help="模擬時間でなく、実際の通信（この計算機の空きポート）で動かします。", negative=""),
    ] = False,
    seed: Annotated[int, Parameter(help="種。模擬時間では、同じ種からは同じ経過になります。")] = 1,
    requirement: Annotated[
        tuple[str, ...],
        Parameter(
            help="この要件を示すシナリオだけを動かします（例: ACC-1）。何度でも書けます。", negative=""
        ),
    ] = (),
    junit: Annotated[Path | None, Parameter(help="結果をJUnit XMLとして、このファイルに書きます。")] = None,
    html: Annotated[
        Path | None, Parameter(help="結果をシーケンス図のついた1つのHTMLとして、このファイルに書きます。")
    ] = None,
    json: Annotated[bool, Parameter(help="最後の行に、結果を1行のJSONで書きます。", negative="")] = False,
    list_: Annotated[
        bool, Parameter(name="--list", help="動かさずに、シナリオの一覧を出します。", negative="")
    ] = False,
) -> None:
    """シナリオを動かし、要件ごとに結果を報告します。すべて合格したときだけ終了コードが0になります。"""
    from mynasim.output import console
    from scenarios import run as running
    from sim.world.key_folder import key_folder

    out = console(highlight=False)
    if list_:
        running.show_list(ids, requirement, out, as_json=json)
        return
    order = running.Order(
        ids=ids,
        requirements=requirement,
        live=live,
        seed=seed,
        junit=junit,
        html=html,
        json=json,
        keys=key_folder(),
    )
    sys.exit(running.run(order, out).exit_code)
