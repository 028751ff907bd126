"""A card as a person wants to read it, in Japanese; and an APDU with its answer, decoded.

For `mynasim card show` and its APDU prompt. Everything here reads; nothing costs a try or changes the card.
"""

from __future__ import annotations

import re

from cards.applications.profiles import PROFILES
from cards.card import Card
from cards.chip.apdu import parse
from cards.chip.files import PinFile
from cards.chip.pin_life import PinStage, stage
from cards.chip.status import meaning
from cards.contents import CardContents, CardKind
from cards.pins import CHOSEN_BY_HOLDER, TRIES_MAX, PinName
from cards.state import CardState

_KINDS = {
    CardKind.PLASTIC: "マイナンバーカード（プラスチック、RSA-2048）",
    CardKind.ANDROID: "スマホ用電子証明書（Android）",
    CardKind.NEXT_GENERATION_PROVISIONAL: "次期個人番号カード（仮の仕様、P-384）",
}

_SEXES = {1: "男", 2: "女", 9: "適用不能"}

_PINS = {
    PinName.AUTH: "利用者証明用電子証明書の暗証番号（数字4桁）",
    PinName.SIGN: "署名用電子証明書の暗証番号（英大文字と数字6～16桁）",
    PinName.TEXT: "券面事項入力補助用の暗証番号（数字4桁）",
    PinName.JUKI: "住民基本台帳用の暗証番号（数字4桁、住基AP）",
    PinName.SHARED_CARD: "住民基本台帳用の暗証番号（数字4桁、共通カードAP）",
    PinName.TEXT_CODE_A: "照合番号A（券面事項入力補助AP）",
    PinName.TEXT_CODE_B: "照合番号B（券面事項入力補助AP）",
    PinName.SURFACE_BIRTH: "生年月日（券面事項確認AP）",
    PinName.SURFACE_CODE_A: "照合番号A（券面事項確認AP）",
    PinName.SURFACE_CODE_B: "照合番号B（券面事項確認AP）",
}

_COMMANDS = {
    (0x00, 0x20): "VERIFY（照合）",
    (0x00, 0x24): "CHANGE REFERENCE DATA（暗証番号の変更）",
    (0x00, 0x82): "EXTERNAL AUTHENTICATE（外部認証）",
    (0x00, 0x84): "GET CHALLENGE（乱数）",
    (0x00, 0x88): "INTERNAL AUTHENTICATE（内部認証）",
    (0x00, 0xA4): "SELECT FILE（選択）",
    (0x00, 0xB0): "READ BINARY（読み出し）",
    (0x00, 0xB2): "READ RECORD（レコード読み出し）",
    (0x00, 0xCA): "GET DATA（データ取得）",
    (0x80, 0x2A): "COMPUTE DIGITAL SIGNATURE（署名）",
    (0x80, 0x32): "CHANGE KEY（鍵の変更）",
    (0x80, 0x54): "UNLOCK KEY（鍵の閉塞解除）",
    (0x80, 0xAE): "SET SESSION KEY（セッション鍵の設定）",
}


def explain_contents(contents: CardContents) -> str:
    """Who and what the card is, one item a line."""
    birth, expiry = contents.birth_date, contents.expiry
    lines = [
        f"種類　　　　　{_KINDS[contents.kind]}",
        f"氏名　　　　　{contents.name}",
        f"住所　　　　　{contents.address}",
        f"生年月日　　　{birth.year}年{birth.month}月{birth.day}日",
        f"性別　　　　　{_SEXES[contents.sex]}",
        f"個人番号　　　{' '.join(re.findall('....', contents.my_number))}",
        f"製造番号　　　{contents.serial}",
        f"発行市区町村　{contents.municipality}",
        f"有効期限　　　{expiry.year}年{expiry.month}月{expiry.day}日",
        f"照合番号B　　 {contents.code_b}",
        f"利用者証明用電子証明書　あり（{len(contents.auth_certificate)}バイト）",
    ]
    if contents.sign_certificate is None:
        lines.append("署名用電子証明書　　　　なし")
    else:
        lines.append(f"署名用電子証明書　　　　あり（{len(contents.sign_certificate)}バイト）")
    for application in PROFILES[contents.kind].applications.values():
        lines.append(f"アプリケーション　{application.aid.hex().upper()}　{application.name}")
    return "\n".join(lines)


def explain_pins(state: CardState, kind: CardKind = CardKind.PLASTIC) -> str:
    """Each PIN that a card of this kind has: tries left, and whether it is locked."""
    lines = []
    for name, label in _PINS.items():
        if name not in _pins_of(kind):
            continue
        left, limit = state.tries_left[name], TRIES_MAX[name]
        if name in CHOSEN_BY_HOLDER and name not in state.values:
            standing = "設定されていません"
        elif stage(state, name) is PinStage.BLOCKED:
            standing = "ロックされています。市区町村の窓口で解除します"
        else:
            standing = f"残り{left}回（{limit}回まで）"
        lines.append(f"{label}：{standing}")
    return "\n".join(lines)


def _pins_of(kind: CardKind) -> frozenset[PinName]:
    files = [file for each in PROFILES[kind].applications.values() for file in each.files.values()]
    return frozenset(file.pin for file in files if isinstance(file, PinFile))


def explain(card: Card) -> str:
    """The whole card."""
    return f"{explain_contents(card.contents)}\n\n{explain_pins(card.state, card.contents.kind)}"


def explain_exchange(apdu: bytes, answer: bytes) -> str:
    """One command and its answer: what it was, what came back, what the status word means."""
    command = parse(apdu)
    if command is None:
        name = "長さの合わないコマンド"
    else:
        name = _COMMANDS.get((command.cla, command.ins), "このカードが知らないコマンド")
    data, status = answer[:-2], int.from_bytes(answer[-2:], "big")
    lines = [f"→ {apdu.hex(' ').upper()}", f"　 {name}"]
    if data:
        lines.append(f"← {data.hex(' ').upper()}（{len(data)}バイト）")
    lines.append(f"← {status:04X}　{meaning(status)}")
    return "\n".join(lines)


def read_apdu(line: str) -> bytes | None:
    """What a person typed at the prompt: hexadecimal digits, with spaces or colons as they like. None if it is not."""
    digits = re.sub(r"[\s:]", "", line)
    if len(digits) % 2 or not re.fullmatch("[0-9A-Fa-f]+", digits):
        return None
    return bytes.fromhex(digits)
