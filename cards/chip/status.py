"""Status words (SW1-SW2): how the card ends every answer (CARD.md 1.4)."""

from __future__ import annotations

from enum import IntEnum


class SW(IntEnum):
    """A status word; `to_bytes(2, "big")` is what travels, ready-made in `WIRE`."""

    OK = 0x9000
    PIN_EXHAUSTED = 0x63C0
    NO_KEY_DELIVERY = 0x66F1
    WRONG_LENGTH = 0x6700
    NO_LOGICAL_CHANNEL = 0x6881
    NO_SECURE_MESSAGING = 0x6882
    SECURE_MESSAGING_REFUSED = 0x69FC
    WRONG_FILE_KIND = 0x6981
    SECURITY_NOT_SATISFIED = 0x6982
    KEY_BLOCKED = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_CURRENT_FILE = 0x6986
    WRONG_DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_P1_P2 = 0x6A86
    DATA_OBJECT_NOT_FOUND = 0x6A88
    OFFSET_OUTSIDE_FILE = 0x6B00
    UNKNOWN_INS = 0x6D00
    UNKNOWN_CLA = 0x6E00


def wire(status: int) -> bytes:
    """The two bytes that travel."""
    return status.to_bytes(2, "big")


def tries_left(count: int) -> int:
    """63Cx: the PIN was wrong (or only asked about), `count` tries are left."""
    return 0x63C0 | min(count, 0xF)


OK = wire(SW.OK)
SECURITY_NOT_SATISFIED = wire(SW.SECURITY_NOT_SATISFIED)
OFFSET_OUTSIDE_FILE = wire(SW.OFFSET_OUTSIDE_FILE)
WRONG_LENGTH = wire(SW.WRONG_LENGTH)

_MEANINGS: dict[int, str] = {
    SW.OK: "正常終了",
    SW.NO_KEY_DELIVERY: "このアプリケーションにはセッション鍵を届ける設定がありません",
    SW.WRONG_LENGTH: "長さ (Lc/Le) が正しくありません",
    SW.NO_LOGICAL_CHANNEL: "論理チャネルには対応していません",
    SW.NO_SECURE_MESSAGING: "セキュアメッセージングには対応していません",
    SW.SECURE_MESSAGING_REFUSED: "このコマンドはセキュアメッセージングを受け付けません",
    SW.WRONG_FILE_KIND: "ファイルの種類とコマンドが合いません",
    SW.SECURITY_NOT_SATISFIED: "暗証番号の照合など、必要な条件が満たされていません",
    SW.KEY_BLOCKED: "暗証番号がロックされています（市区町村の窓口で解除します）",
    SW.CONDITIONS_NOT_SATISFIED: "使用条件が満たされていません",
    SW.NO_CURRENT_FILE: "ファイルが選択されていません",
    SW.WRONG_DATA: "データの内容が正しくありません",
    SW.NOT_SUPPORTED: "この機能には対応していません",
    SW.FILE_NOT_FOUND: "ファイルまたはアプリケーションが見つかりません",
    SW.RECORD_NOT_FOUND: "レコードが見つかりません",
    SW.WRONG_P1_P2: "P1・P2 が正しくありません",
    SW.DATA_OBJECT_NOT_FOUND: "データオブジェクトが見つかりません",
    SW.OFFSET_OUTSIDE_FILE: "オフセットがファイルの外です",
    SW.UNKNOWN_INS: "この命令 (INS) には対応していません",
    SW.UNKNOWN_CLA: "このクラス (CLA) には対応していません",
}


def meaning(status: int) -> str:
    """A status word in plain Japanese, for people at the APDU prompt."""
    if status == SW.PIN_EXHAUSTED:
        return "残り0回です。暗証番号はロックされています"
    if status & 0xFFF0 == 0x63C0:
        return f"照合していないか、一致しませんでした。残り{status & 0xF}回です"
    return _MEANINGS.get(status, "このカードが返さないステータスワードです")
