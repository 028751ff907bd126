"""A recipients' file that is handed over again: the same however it is cut, and never another one."""

import pytest
from notice_world import NoticeWorld
from trio.testing import MockClock

from portal.wire.notice_sending import NoticeSend
from portal.wire.problems import Problem, ProblemCode
from sim.intermediate.notices.received import BLOCK_BYTES
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

FILE = ("宛名番号\n" + "".join(f"{number:015d}\n" for number in range(4_000))).encode()


@pytest.mark.requirement("NOT-1")
async def test_however_it_is_cut_the_second_time(
    nation: Nation, codes: LinkageCodes, autojump_clock: MockClock
) -> None:
    world = NoticeWorld(nation, codes)
    async with world.running():
        for first, second in ((5_000, 20_000), (20_000, 7_001), (BLOCK_BYTES, 3)):
            send = await world.open_send()
            cut = min(len(FILE), 50_001) if second > 3 else 40
            for offset in range(0, cut, first):
                send = await world.put(send, offset, FILE[offset : min(offset + first, cut)])
            for offset in range(0, cut, second):
                send = await world.put(send, offset, FILE[offset : offset + second])
                assert isinstance(send, NoticeSend), send
            send = await world.put(send, cut, FILE[cut : cut + 60_000])
            assert send.received_bytes == min(len(FILE), cut + 60_000)
            assert send.mistakes == 0


@pytest.mark.requirement("NOT-1")
async def test_one_byte_that_differs_is_found(
    nation: Nation, codes: LinkageCodes, autojump_clock: MockClock
) -> None:
    world, size = NoticeWorld(nation, codes), 30_000
    async with world.running():
        send = await world.open_send()
        send = await world.put(send, 0, FILE[:size])
        edges = range(0, size, BLOCK_BYTES)
        for at in sorted({*edges, *(edge - 1 for edge in edges if edge), *range(5, size, 4_999), size - 1}):
            wrong = bytearray(FILE[:size])
            wrong[at] ^= 1
            for more in (b"", FILE[size:]):
                refused = await world.put(send, 0, bytes(wrong) + more)
                assert isinstance(refused, Problem) and refused.code is ProblemCode.CONFLICT, at
        assert (await world.view(send)).received_bytes == size
        assert (await world.put(send, 0, FILE)).received_bytes == len(FILE)
