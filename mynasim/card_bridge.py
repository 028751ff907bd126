"""Running the browser bridge: its port on loopback, its word to the person."""

import hashlib
from collections.abc import Mapping, Sequence

import trio

from cards.card import Card
from portal.refusal import Refusal
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.serving.listen import bind, serve
from sim.cards_desk.bridge import Bridge, build

HOST = "127.0.0.1"


class OriginWrong(Refusal):
    """A site on the list is not written as browsers write it."""


class Hand:
    """The cards that lie ready."""

    def __init__(self, cards: Mapping[str, Card]) -> None:
        self._cards = cards

    def __repr__(self) -> str:
        return f"Hand({list(self._cards)})"

    def cards(self) -> Mapping[str, Card]:
        return self._cards


async def run(cards: Mapping[str, Card], lines: Sequence[str], origins: Sequence[str], port: int) -> None:
    """Serve until cancelled; *lines* say of each card what a person at the terminal needs. Raises :class:`OriginWrong` and ``NoFreePort``."""
    chance, clock = LiveChance(), LiveClock()
    bound = bind(HOST, port)
    try:
        # The same card and bridge give the same code: the installation is named by where the bridge is.
        digits = hashlib.sha256(bound.url.encode()).hexdigest()
        installation = f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
        try:
            bridge = Bridge(Hand(cards), chance, clock, origins=origins, port=bound.port, uuid=installation)
        except ValueError as error:
            raise OriginWrong(
                f"--allow は http://127.0.0.1:8600 のように、方式と名前とポートだけで指定してください（{error}）。"
            ) from error
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, build(bridge), bound, clock)
            moved = f"（ポート{port}は使用中のため）" if bound.moved else ""
            print(f"ブラウザーの橋: {bound.url} {moved}")
            print("\n".join(f"  {line}" for line in lines))
            print(f'ページに入れるもの: <script src="{bound.url}/extension.js"></script>')
            print(f"頼んでよいサイト: {'、'.join(sorted(bridge.origins))}")
            print("止めるには Ctrl-C を押します。", flush=True)
    finally:
        bound.socket.close()
