"""受け取った分の控え: what of a recipients' file came before, so that what is handed over again can be compared with it.

Of every whole block of the file its digest is kept, of the block that has not ended its bytes. So a file that is handed
over again from its beginning is compared byte for byte, however it is cut, and nothing of it has to be kept. Of a part
that begins or ends within a block, the blocks that lie in it whole are compared.
"""

from hashlib import sha256
from typing import Final

from portal.store.store import Op, Store
from sim.intermediate.notices.tables import BLOCKS_BETWEEN, SendRow, key_of

BLOCK_BYTES: Final = 8 * 1024


def grown(row: SendRow, part: bytes) -> tuple[bytes, list[Op]]:
    """The bytes of the block that has not ended, and the digests to write down, when *part* comes behind."""
    whole = (row.tail or b"") + part
    number = row.received_bytes // BLOCK_BYTES
    ends = len(whole) - len(whole) % BLOCK_BYTES
    ops = [
        Op(
            "INSERT INTO notice_blocks (organisation, send_id, block, digest) "
            "VALUES (:organisation, :send_id, :block, :digest)",
            {
                **key_of(row),
                "block": number + at // BLOCK_BYTES,
                "digest": sha256(whole[at : at + BLOCK_BYTES]).digest(),
            },
        )
        for at in range(0, ends, BLOCK_BYTES)
    ]
    return whole[ends:], ops


async def is_the_same(store: Store, row: SendRow, offset: int, again: bytes) -> bool:
    """Whether *again*, all of it from before the end of what was received, is what came then."""
    tail = row.tail or b""
    end, tail_at = offset + len(again), row.received_bytes - len(tail)
    first = max(offset, tail_at)
    if end > first and again[first - offset :] != tail[first - tail_at : end - tail_at]:
        return False
    whole = {"first": -(-offset // BLOCK_BYTES), "end": min(end, tail_at) // BLOCK_BYTES}
    for each in await store.read(BLOCKS_BETWEEN, {**key_of(row), **whole}):
        at = each.block * BLOCK_BYTES - offset
        if sha256(again[at : at + BLOCK_BYTES]).digest() != each.digest:
            return False
    return True
