"""``mynasim card serve``, ``attach`` and ``bridge``: cards in readers, until told to stop.

While a person is at the terminal, or lines come through a pipe, cards are put in, taken out and swapped by short commands.
"""

import errno
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import trio

from cards.card import Card
from cards.pcsc.messages import READERS_MAX
from cards.pcsc.readers import Reader
from cards.pcsc.server import serve_socket
from cards.vpcd import attach as attach_card
from mynasim import running
from mynasim.card_box import CardBox, about
from portal.refusal import Refusal
from portal.store.store import StorageRefused

SOCKET_PATH_BYTES_MAX = 107
"""Of a unix socket's address on Linux."""
LINE_BYTES_MAX = 1_000

COMMANDS = "insert N 住民の番号（入れる）、remove N（抜く）、swap N 住民の番号（入れ替える）、list、quit"


class ReadersUnusable(Refusal):
    """These readers can't be made: where, and what to do."""


class CommandWrong(Refusal):
    """A line of the person at the terminal that can't be carried out."""


class Readers:
    """The readers of one socket, and whose card is in each."""

    def __init__(self, box: CardBox, residents: Sequence[str]) -> None:
        """Raises :class:`ReadersUnusable` and what the box raises."""
        if not 1 <= len(residents) <= READERS_MAX:
            raise ReadersUnusable(
                f"ひとつのソケットのリーダーは1台から{READERS_MAX}台までです: {len(residents)}台"
            )
        self._box = box
        self.all = [Reader(f"mynasim {number:02X} 00") for number in range(len(residents))]
        self._inside: list[str | None] = [None] * len(residents)
        for place, resident in enumerate(residents):
            self._insert(place, resident)

    def __repr__(self) -> str:
        return f"Readers({self._inside})"

    def listed(self) -> str:
        lines = []
        for place, reader in enumerate(self.all):
            resident, card = self._inside[place], reader.card
            inside = "カードは入っていません" if resident is None or card is None else about(resident, card)
            lines.append(f"  {place}　{reader.name}　{inside}")
        return "\n".join(lines)

    def do(self, line: str) -> str | None:
        """Carry out one command and say what came of it; None for the end. Raises :class:`CommandWrong` and others for people."""
        match line.split():
            case []:
                return ""
            case ["quit" | "exit"]:
                return None
            case ["list"]:
                pass
            case ["insert", place, resident]:
                self._insert(self._place(place, full=False), resident)
            case ["remove", place]:
                number = self._place(place, full=True)
                self.all[number].remove()
                self._inside[number] = None
            case ["swap", place, resident]:
                number = self._place(place, full=True)
                card = self._take(resident, besides=number)
                self.all[number].swap(card)
                self._inside[number] = resident
            case _:
                raise CommandWrong(f"使えるのは {COMMANDS} です。")
        return self.listed()

    def _place(self, text: str, *, full: bool) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) < len(self.all)):
            raise CommandWrong(f"リーダーの番号は0から{len(self.all) - 1}までです: {text}")
        number = int(text)
        if full and self.all[number].card is None:
            raise CommandWrong(f"リーダー{number}にはカードが入っていません。")
        if not full and self.all[number].card is not None:
            raise CommandWrong(f"リーダー{number}にはカードが入っています。swap で入れ替えられます。")
        return number

    def _insert(self, place: int, resident: str) -> None:
        self.all[place].insert(self._take(resident, besides=place))
        self._inside[place] = resident

    def _take(self, resident: str, *, besides: int) -> Card:
        number = self._box.number_of(resident)
        for place, inside in enumerate(self._inside):
            if place != besides and inside is not None and self._box.number_of(inside) == number:
                raise CommandWrong(
                    f"{resident} のカードはリーダー{place}に入っています。1人のカードは1枚です。"
                )
        return self._box.card(resident)


def serve(box: CardBox, residents: Sequence[str], path: Path) -> None:
    """Readers behind a unix socket until told to stop. Raises :class:`ReadersUnusable` and what the box raises."""
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        raise ReadersUnusable(
            f"ソケットの場所が長すぎます（{len(os.fsencode(path))}バイト、{SOCKET_PATH_BYTES_MAX}バイトまで）: {path}"
        )
    path = path.absolute()
    readers = Readers(box, residents)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            try:
                await nursery.start(serve_socket, path, readers.all)
            except OSError as error:
                raise ReadersUnusable(_socket_trouble(path, error)) from error
            print(f"カードリーダー{len(readers.all)}台を用意しました。\n{readers.listed()}")
            print(f"使い方の例:\n  PCSCLITE_CSOCK_NAME={path} opensc-tool -l")
            if os.isatty(0):
                print(f"コマンド: {COMMANDS}")
            print("止めるには Ctrl-C を押します。", flush=True)
            await _obey(readers)
            nursery.cancel_scope.cancel()

    _run(main)


def attach(box: CardBox, resident: str, address: str) -> None:
    """A card in a vpcd reader until it is told to stop or the reader goes. Raises :class:`ReadersUnusable`."""
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise ReadersUnusable(f"vpcd の場所は HOST:PORT で指定してください（例: 127.0.0.1:35963）: {address}")
    card = box.card(resident)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            try:
                await nursery.start(_attached, host.strip("[]"), int(port), card)
            except OSError as error:
                raise ReadersUnusable(
                    f"{address} に vpcd のリーダーがありません（{error.strerror or error}）。"
                    "vsmartcard-vpcd を入れた pcscd が動いているか確かめてください。"
                ) from error
            print(f"{address} のリーダーにカードを入れました。\n  {about(resident, card)}")
            print("抜くには Ctrl-C を押します。", flush=True)
        print("リーダーがなくなりました。")

    _run(main)


async def _attached(
    host: str, port: int, card: Card, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await attach_card(host, port, card, task_status=task_status)


def bridge(box: CardBox, residents: Sequence[str], origins: Sequence[str], port: int) -> None:
    """The browser bridge until told to stop. Raises ``OriginWrong``, ``NoFreePort`` and what the box raises."""
    from mynasim.card_bridge import run

    cards, lines = {}, []
    for resident in dict.fromkeys(residents):
        card = box.card(resident)
        cards[f"{resident}　{card.contents.name}"] = card
        lines.append(about(resident, card))
    _run(lambda: run(cards, lines, origins, port))


def _run(main: Callable[[], Awaitable[None]]) -> None:
    async def until_told() -> None:
        async with trio.open_nursery() as nursery:

            async def stop() -> None:
                await running.until_told_to_stop()
                nursery.cancel_scope.cancel()

            nursery.start_soon(stop)
            await main()
            nursery.cancel_scope.cancel()

    trio.run(until_told)


async def _obey(readers: Readers) -> None:
    """Lines of standard input until it is told to quit; at its end there are just no more commands."""
    if os.isatty(0) and os.tcgetpgrp(0) != os.getpgrp():
        # Started with "&": a background program that reads from the terminal is stopped by it.
        await trio.sleep_forever()
    rest = b""
    while True:
        # Neither a file nor /dev/null can be waited for, nor need it be.
        with suppress(PermissionError):
            await trio.lowlevel.wait_readable(0)
        part = os.read(0, LINE_BYTES_MAX)
        if not part:
            await trio.sleep_forever()
        *lines, rest = (rest + part).split(b"\n")
        rest = rest[-LINE_BYTES_MAX:]
        for line in lines:
            try:
                said = readers.do(line.decode(errors="replace"))
            except (Refusal, StorageRefused) as refused:
                said = str(refused)
            if said is None:
                return
            if said:
                print(said, flush=True)


def _socket_trouble(path: Path, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"ソケット {path} はすでに使われています。別の --socket を指定してください。"
    return f"ソケット {path} を作れません（{error.strerror}）。--socket の場所を確かめてください。"
