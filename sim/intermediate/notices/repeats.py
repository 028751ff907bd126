"""同じ宛先の繰り返し: whom a recipients' file has named already, as one bit for each person, in pages of persons.

A municipality's residents lie side by side, so a million of them are some twenty pages. In memory are the pages that
one part of the file touches: of a municipality some hundred KiB, of the whole nation 16 MB.
"""

from collections.abc import Sequence
from typing import Final

from portal.store.store import Op, Store
from sim.intermediate.notices.tables import PAGES_BETWEEN, SendRow, keep_page, key_of

_BITS: Final = 16
PAGE_BYTES: Final = (1 << _BITS) // 8


async def repeated(store: Store, row: SendRow, people: Sequence[int]) -> tuple[list[int], list[Op]]:
    """Which of these, by place, came before in this file; and what to write down."""
    if not people:
        return [], []
    wanted = {person >> _BITS for person in people}
    between = {**key_of(row), "first": min(wanted), "last": max(wanted)}
    known = {each.page: each.bits for each in await store.read(PAGES_BETWEEN, between)}
    pages = {page: bytearray(known.get(page) or bytes(PAGE_BYTES)) for page in wanted}
    found: list[int] = []
    for place, person in enumerate(people):
        page, at, bit = pages[person >> _BITS], person >> 3 & (PAGE_BYTES - 1), 1 << (person & 7)
        if page[at] & bit:
            found.append(place)
        page[at] |= bit
    return found, [keep_page(row, page, bytes(pages[page])) for page in sorted(wanted)]
