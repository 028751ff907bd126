"""``mynasim card show`` and ``unblock``: what a person sees of a card, an APDU prompt, the municipality's counter."""

import sqlite3
import sys
from collections.abc import Sequence

from cryptography import x509

from cards.card import Card
from cards.explain import explain, explain_exchange, read_apdu
from cards.issuing import CounterOutcome, set_pin
from cards.pins import CHOSEN_BY_HOLDER, PinName
from mynasim.card_box import CardBox
from portal.refusal import Refusal
from portal.store.store import StorageRefused
from portal.wire.moments import JST

LINE_CHARACTERS_MAX = 200_000
"""Room for the longest extended APDU in hexadecimal with spaces."""

_HELP = (
    "16進数のコマンド（例: 00A4040C0AD392F000260100000001）、show（内容）、reset（リセット）、quit（終わり）"
)


class CounterRefused(Refusal):
    """The counter's terminal does not set this PIN to this value."""


def show(box: CardBox, resident: str) -> None:
    card = box.card(resident)
    print(explain(card))
    print(f"\n{_certificates(card)}")


def talk(box: CardBox, resident: str) -> None:
    """Commands from standard input to the card, one a line, until its end. What can't be read is said and passed over."""
    card = box.card(resident)
    person = sys.stdin.isatty()
    print(f"ATR {card.power_on().hex(' ').upper()}")
    if person:
        print(f"カードに送るコマンドを入れてください。{_HELP}")
    while True:
        if person:
            print("> ", end="")
        sys.stdout.flush()
        line = sys.stdin.readline(LINE_CHARACTERS_MAX)
        if not line:
            break
        word = line.strip()
        match word.lower():
            case "":
                continue
            case "quit" | "exit":
                break
            case "reset":
                print(f"ATR {card.reset().hex(' ').upper()}")
            case "show":
                print(explain(card))
            case _ if word.startswith("#"):
                continue
            case _:
                apdu = read_apdu(word)
                if apdu is None:
                    print(f"読めません。{_HELP}")
                else:
                    print(explain_exchange(apdu, card.transmit(apdu)))
    card.power_off()


def _certificates(card: Card) -> str:
    contents = card.contents
    lines = []
    for name, der in (("利用者証明用", contents.auth_certificate), ("署名用", contents.sign_certificate)):
        if der is not None:
            certificate = x509.load_der_x509_certificate(der)
            first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            span = f"{first.astimezone(JST):%Y年%m月%d日}から{last.astimezone(JST):%Y年%m月%d日}まで"
            lines.append(f"{name}電子証明書：{span}　発行番号 {certificate.serial_number}")
    return "\n".join(lines)


def unblock(box: CardBox, resident: str, which: Sequence[PinName] | None, pin: str | None) -> None:
    """Give PINs a new value and all tries back. Raises :class:`CounterRefused` before anything is changed, `StorageRefused`."""
    card = box.card(resident)
    if which is None:
        which = (
            [PinName.AUTH]
            if pin is not None
            else [name for name in CHOSEN_BY_HOLDER if name in card.state.values]
        )
    # To people it is one PIN; the card keeps it in two places.
    names = list(which)
    if PinName.JUKI in names and PinName.SHARED_CARD not in names:
        names.append(PinName.SHARED_CARD)
    for name in names:
        outcome = set_pin(card.state, name, pin if pin is not None else box.handed_over_pin(resident, name))
        if outcome is not CounterOutcome.DONE:
            raise CounterRefused(f"{name.value}: {_WHY[outcome]}")
    try:
        saved = card.save()
    except sqlite3.Error as error:
        raise StorageRefused(f"カードの状態を保存できません（{error}）。") from error
    if not saved:
        raise StorageRefused("カードが同時に別のところで使われました。もういちどお試しください。")
    print(explain(card).split("\n\n")[-1])


_WHY = {
    CounterOutcome.WRONG_FORM: (
        "この形の暗証番号は設定できません（数字4桁。署名用は英大文字と数字を1つ以上含む6～16桁）。"
    ),
    CounterOutcome.NOT_CHOSEN: "この番号は券面の記載で決まるため、設定できません。",
    CounterOutcome.NOT_ISSUED: "このカードには署名用電子証明書がないため、その暗証番号もありません。",
}
