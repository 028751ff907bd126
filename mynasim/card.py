"""``mynasim card``: residents' cards in readers that any smart-card program sees, or shown to a person."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cards.contents import CardKind
from cards.pins import PinName

if TYPE_CHECKING:
    from mynasim.card_box import CardBox

app = App(name="card", help="模擬マイナンバーカードを、カードリーダーに入れて使ったり、調べたりします。")

Resident = Annotated[str, Parameter(help="住民の番号（市区町村コード-番号）。例: 131016-12")]
Residents = Annotated[
    list[str],
    Parameter(name="--resident", help="リーダーに入れるカードの住民の番号。くりかえすとリーダーが増えます。"),
]
Kind = Annotated[
    CardKind,
    Parameter(
        name="--kind",
        name_transform=str.lower,
        help="カードの種類。android はスマホ用電子証明書、next_generation_provisional は仮の仕様の次期カード。",
    ),
]
State = Annotated[Path | None, Parameter(help="状態フォルダー。既定は利用者の状態フォルダーの中の mynasim。")]
SettingsFile = Annotated[
    Path | None,
    Parameter(name="--settings", help="設定ファイル（TOML）。既定は状態フォルダーの settings.toml。"),
]


def _box(state: Path | None, settings_file: Path | None, kind: CardKind) -> "CardBox":
    from mynasim import place, settings
    from mynasim.card_box import CardBox

    folder = (state or place.default_state()).absolute()
    file = settings_file
    if file is None and (folder / settings.FILE_NAME).exists():
        file = folder / settings.FILE_NAME
    return CardBox(folder, settings.load(file).world, kind)


@app.command
def serve(
    *,
    resident: Residents,
    socket: Annotated[
        Path, Parameter(help="PC/SCのソケット。プログラムには PCSCLITE_CSOCK_NAME で教えます。")
    ],
    kind: Kind = CardKind.PLASTIC,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """カードリーダーを用意してカードを入れ、PC/SCのプログラムを待ちます（pcscd は要りません）。"""
    from mynasim import card_readers

    with _box(state, settings, kind) as box:
        card_readers.serve(box, resident, socket)


@app.command
def attach(
    address: Annotated[str, Parameter(help="vpcd の HOST:PORT。例: 127.0.0.1:35963")],
    *,
    resident: Annotated[str, Parameter(help="カードの住民の番号。")],
    kind: Kind = CardKind.PLASTIC,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """動いている pcscd の仮想リーダー（vpcd）にカードを入れます。"""
    from mynasim import card_readers

    with _box(state, settings, kind) as box:
        card_readers.attach(box, resident, address)


@app.command
def bridge(
    *,
    resident: Residents,
    allow: Annotated[
        list[str],
        Parameter(help="カードを頼んでよいサイト。例: http://127.0.0.1:8600 。くりかえせます。", negative=""),
    ],
    port: Annotated[int, Parameter(help="待ち受けるポート。使用中なら次の空きを使います。")] = 8640,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """ブラウザーのページに、本物の拡張機能と同じ形でカードを使わせます（この計算機の中だけ）。"""
    from mynasim import card_readers

    with _box(state, settings, CardKind.PLASTIC) as box:
        card_readers.bridge(box, resident, allow, port)


@app.command
def show(
    resident: Resident,
    *,
    apdu: Annotated[
        bool, Parameter(help="カードに直接コマンド（APDU、16進数）を送って試します。", negative="")
    ] = False,
    kind: Kind = CardKind.PLASTIC,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """カードの内容と暗証番号の状態を見ます。"""
    from mynasim import card_prompt

    with _box(state, settings, kind) as box:
        card_prompt.talk(box, resident) if apdu else card_prompt.show(box, resident)


@app.command
def unblock(
    resident: Resident,
    *,
    which: Annotated[
        list[PinName] | None,
        Parameter(
            name_transform=str.lower,
            help="どの暗証番号か（auth、sign、text、juki、shared_card）。既定は、--pin があれば auth、なければすべて。",
            negative="",
        ),
    ] = None,
    pin: Annotated[str | None, Parameter(help="新しい暗証番号。既定は、交付したときのもの。")] = None,
    kind: Kind = CardKind.PLASTIC,
    state: State = None,
    settings: SettingsFile = None,
) -> None:
    """市区町村の窓口のように、暗証番号のロックを解除して設定し直します。"""
    from mynasim import card_prompt

    with _box(state, settings, kind) as box:
        card_prompt.unblock(box, resident, which, pin)
