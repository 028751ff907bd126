"""A program linked with the real libpcsclite, by ctypes: measures APDU round trips in a process of its own.

Arguments: the reader's name, a warm-up count, a count, then APDUs in hexadecimal; the last is repeated. It prints the
microseconds of each round trip as a JSON list.
"""

from __future__ import annotations

import ctypes
import json
import sys
from time import perf_counter_ns

_SCOPE_SYSTEM, _SHARED, _T1, _LEAVE = 2, 2, 2, 0


class _Pci(ctypes.Structure):
    _fields_ = (("protocol", ctypes.c_ulong), ("length", ctypes.c_ulong))


def measure(reader: str, warm_up: int, count: int, apdus: list[bytes]) -> list[float]:
    """Microseconds of each of `count` round trips of the last APDU."""
    library = ctypes.CDLL("libpcsclite.so.1")
    context, handle, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()

    def check(rv: int) -> None:
        if rv:
            raise OSError(f"PC/SC: {rv & 0xFFFFFFFF:08X}")

    check(library.SCardEstablishContext(ctypes.c_ulong(_SCOPE_SYSTEM), None, None, ctypes.byref(context)))
    connect = (context, reader.encode(), ctypes.c_ulong(_SHARED), ctypes.c_ulong(_T1))
    check(library.SCardConnect(*connect, ctypes.byref(handle), ctypes.byref(protocol)))
    pci = _Pci(_T1, ctypes.sizeof(_Pci))
    answer = ctypes.create_string_buffer(65544)
    length = ctypes.c_ulong()
    microseconds = []

    def transmit(apdu: bytes) -> None:
        length.value = len(answer)
        rv = library.SCardTransmit(
            handle, ctypes.byref(pci), apdu, ctypes.c_ulong(len(apdu)), None, answer, ctypes.byref(length)
        )
        check(rv)
        if answer.raw[length.value - 2 : length.value] != b"\x90\x00":
            raise OSError(f"the card: {answer.raw[length.value - 2 : length.value].hex()}")

    for apdu in apdus[:-1] + [apdus[-1]] * warm_up:
        transmit(apdu)
    for _ in range(count):
        begun = perf_counter_ns()
        transmit(apdus[-1])
        microseconds.append((perf_counter_ns() - begun) / 1000)
    check(library.SCardDisconnect(handle, ctypes.c_ulong(_LEAVE)))
    check(library.SCardReleaseContext(context))
    return microseconds


if __name__ == "__main__":
    name, warm, repeat, *commands = sys.argv[1:]
    json.dump(measure(name, int(warm), int(repeat), [bytes.fromhex(each) for each in commands]), sys.stdout)
