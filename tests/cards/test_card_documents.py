"""What is drawn and told about the card: the docs, the view for people, the imports it may have."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sample_cards import JPKI, make_card, send

from cards.card import Card
from cards.contents import CardKind
from cards.draw_tables import PAGE, drawn, main
from cards.explain import explain, explain_exchange, read_apdu


def test_the_page_is_as_drawn() -> None:
    """When this fails: `python -m cards.draw_tables`."""
    assert main(["--check"]) == 0


def test_a_page_without_places_is_refused() -> None:
    with pytest.raises(ValueError, match="pin-life"):
        drawn(PAGE.read_text(encoding="utf-8").replace("<!-- pin-life -->", ""))


def test_explaining_a_card_changes_nothing(card: Card) -> None:
    send(card, JPKI)
    assert send(card, "002000980430303030") == "63C2"
    before = card.state.to_json()
    said = explain(card)
    assert card.state.to_json() == before
    assert "黒桐　幹也" in said
    assert "5376 8667 7188" in said
    assert "利用者証明用電子証明書の暗証番号（数字4桁）：残り2回（3回まで）" in said
    for left in (4, 3, 2, 1, 0):
        assert send(card, "0020009B06303030303030") == f"63C{left}"
    assert "（英大文字と数字6～16桁）：ロックされています。市区町村の窓口で解除します" in explain(card)


@pytest.mark.parametrize("kind", CardKind)
def test_each_kind_is_explained_with_the_pins_it_has(kind: CardKind) -> None:
    said = explain(make_card(kind, grown_up=False))
    assert "署名用電子証明書　　　　なし" in said
    assert "（英大文字と数字6～16桁）：設定されていません" in said
    assert ("住基AP）" in said) == (kind is CardKind.PLASTIC)


def test_exchanges_are_decoded(card: Card) -> None:
    apdu = bytes.fromhex(JPKI)
    said = explain_exchange(apdu, card.transmit(apdu))
    assert "SELECT FILE（選択）" in said
    assert "9000　正常終了" in said
    assert "知らないコマンド" in explain_exchange(b"\x00\xff\x00\x00", b"\x6d\x00")
    assert "長さの合わない" in explain_exchange(b"\x00", b"\x67\x00")
    assert "（3バイト）" in explain_exchange(bytes.fromhex("00B0880003"), bytes.fromhex("8F8F009000"))


@pytest.mark.parametrize(
    ("line", "apdu"),
    [("00 a4 04 00", b"\x00\xa4\x04\x00"), ("00:A4\n", b"\x00\xa4"), ("", None), ("0", None), ("quit", None)],
)
def test_what_a_person_types(line: str, apdu: bytes | None) -> None:
    assert read_apdu(line) == apdu


def test_the_core_needs_no_trio() -> None:
    """Locust runs on gevent and must be able to use the card (STACK row 2)."""
    program = (
        "import sys, cards.card, cards.terminal, cards.issuing, cards.explain, cards.face_certificate;"
        "loaded = {each.split('.')[0] for each in sys.modules};"
        "print(sorted(loaded & {'trio', 'gevent', 'portal', 'sim', 'scenarios', 'load'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
