"""Copies that can't be meant, items that would be withheld in vain, sends far over a cap: refused in words, visibly."""

from datetime import date, datetime

import msgspec
import pytest
import trio
from linkage_world import AFFAIR, ELSEWHERE, PROCEDURE, LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.wire.disclosure import CopyItem
from portal.wire.intermediate import SUBMIT_FILE, SubmitFile
from portal.wire.intermediate_keeping import (
    LIST_SENDS,
    REGISTER_COPIES,
    REGISTER_DOCUMENT,
    WITHHOLD,
    CopyEntry,
    OneOrganisation,
    RegisterCopies,
    RegisterDocument,
    SendState,
    Withhold,
)
from portal.wire.network import BROKER_SELF_INFORMATION, BrokerSelfInformation
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from sim.intermediate.batch_file import Line, name_of, write
from sim.intermediate.profiles import ALWAYS
from sim.nation.catalogue import catalogue
from sim.nation.holdings import PENSION, RESIDENCE, TAX, VACCINATION

NAME = name_of(datetime(2026, 4, 1, 9))


def entry(up: LinkageWorld, *items: CopyItem, person: int | None = None) -> CopyEntry:
    number = up.person.n if person is None else person
    return CopyEntry(number, RESIDENCE, "0001", date(2026, 3, 31), items or (CopyItem("世帯人員", "9人"),))


async def shown(up: LinkageWorld, request_id: str, information: str = RESIDENCE) -> tuple[CopyItem, ...]:
    """What the person sees of it in the portal's folder."""
    await up.ask(BROKER_SELF_INFORMATION, BrokerSelfInformation(request_id, up.code, information, up.here))
    await trio.sleep(5)
    items: tuple[CopyItem, ...] = up.portal.got[-1].content.items
    return items


# 不開示


@pytest.mark.requirement("SELF-9")
@pytest.mark.parametrize(
    "name", ["世帯人數", "世帯人員 ", "世帯人員1", "給与収入", "世帯員の続柄01", "接種記録"]
)
async def test_an_item_that_is_not_there_is_not_withheld_in_vain(
    up: LinkageWorld, autojump_clock: MockClock, name: str
) -> None:
    wanted = Withhold(up.here, up.person.n, RESIDENCE, items=("世帯人員", name))
    answer = await up.side(WITHHOLD, wanted)

    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert answer.field == "$.items[1]"
    assert f"「{name}」" in answer.detail
    for known in catalogue().information[RESIDENCE].layouts[-1].items:
        assert known in answer.detail
    assert "世帯人員" in {item.name for item in await shown(up, "s1")}, (
        "nothing was registered, and that was said"
    )


@pytest.mark.requirement("SELF-9")
async def test_an_item_of_any_layout_and_a_numbered_one_that_is_there(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    added = "定額減税額"
    assert await up.side(WITHHOLD, Withhold(up.here, up.person.n, TAX, items=(added,))) == Done()
    assert added not in {item.name for item in await shown(up, "s1", TAX)}

    members = (CopyItem("世帯員の続柄1", "子"), CopyItem("世帯員の続柄2", "妻"))
    await up.side(REGISTER_COPIES, RegisterCopies(up.here, "c1", (entry(up, *members),)))
    assert (
        await up.side(WITHHOLD, Withhold(up.here, up.person.n, RESIDENCE, items=("世帯員の続柄2",))) == Done()
    )
    assert await shown(up, "s2") == members[:1]
    answer = await up.side(WITHHOLD, Withhold(up.here, up.person.n, RESIDENCE, items=("世帯員の続柄3",)))
    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert "世帯員の続柄2" in answer.detail
    assert (
        await up.side(WITHHOLD, Withhold(up.here, up.person.n, RESIDENCE, items=("世帯員の続柄",))) == Done()
    )
    await up.ask(BROKER_SELF_INFORMATION, BrokerSelfInformation("s3", up.code, RESIDENCE, up.here))
    await trio.sleep(5)
    assert up.portal.got[-1].content is None, "all numbers of it"


@pytest.mark.requirement("SELF-9")
async def test_only_who_may_hold_it_withholds_it(up: LinkageWorld, autojump_clock: MockClock) -> None:
    answer = await up.side(WITHHOLD, Withhold(up.here, up.person.n, PENSION, everything=True))

    assert (code_of(answer), answer.field) == (ProblemCode.UNPROCESSABLE, "$.information")


# 副本


@pytest.mark.requirement("USE-1")
async def test_a_send_says_one_thing_about_one_person(up: LinkageWorld, autojump_clock: MockClock) -> None:
    other = entry(up, CopyItem("世帯人員", "1人"))
    answer = await up.side(
        REGISTER_COPIES, RegisterCopies(up.here, "c1", (entry(up), entry(up, person=1), other))
    )

    assert (code_of(answer), answer.field) == (ProblemCode.UNPROCESSABLE, "$.copies[2]")
    assert "1件目と同じ人" in answer.detail
    (listed,) = (await up.side(LIST_SENDS, OneOrganisation(up.here))).sends
    assert (listed.name, listed.state, listed.reason) == ("c1", SendState.REFUSED, answer.detail)


async def test_repeated_items_bear_numbers(up: LinkageWorld, autojump_clock: MockClock) -> None:
    doses = (CopyItem("接種記録1", "x"), CopyItem("接種記録2", "y"))
    copy = CopyEntry(up.person.n, VACCINATION, "0001", date(2026, 3, 31), doses)
    assert code_of(await up.side(REGISTER_COPIES, RegisterCopies(up.here, "c1", (copy,)))) is None
    twice = msgspec.structs.replace(copy, items=(doses[0], doses[0]))
    answer = await up.side(REGISTER_COPIES, RegisterCopies(up.here, "c2", (twice,)))
    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert "番号を付けて" in answer.detail


async def test_a_documents_name_hides_nothing(up: LinkageWorld, autojump_clock: MockClock) -> None:
    hidden = RegisterDocument(up.here, up.person.n, RESIDENCE, "fdp.\u202etxt", "application/pdf", b"x")
    answer = await up.side(REGISTER_DOCUMENT, hidden)

    assert (code_of(answer), answer.field) == (ProblemCode.UNPROCESSABLE, "$.name")


async def test_a_sends_name_is_one_line(up: LinkageWorld, autojump_clock: MockClock) -> None:
    entry = CopyEntry(up.person.n, RESIDENCE, "0001", date(2026, 4, 1), ())
    answer = await up.side(REGISTER_COPIES, RegisterCopies(up.here, "s1\ns2", (entry,)))
    assert (code_of(answer), answer.field) == (ProblemCode.UNPROCESSABLE, "$.name")
    assert (await up.side(LIST_SENDS, OneOrganisation(up.here))).sends == (), "it has no name to be listed by"


# 件数の上限


def line(up: LinkageWorld, number: int) -> Line:
    return Line(
        "01", number, number, datetime(2026, 4, 1, 9), "", "", ELSEWHERE, False, AFFAIR, PROCEDURE, None, None,
        up.here, RESIDENCE, 1, 0, None, None,
    )  # fmt: skip


async def test_what_is_far_over_the_cap_is_listed_with_its_reason(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    """20,000 lines are more than 4 MiB on their way: they are read all the same, and refused by the cap."""
    count = 20_000
    file = write([line(up, 0)]) * count
    answer = await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, NAME, file))
    assert code_of(answer) is ProblemCode.TOO_LARGE
    assert f"{ALWAYS.per_send_max}件まで" in answer.detail and f"{count}件" in answer.detail

    copies = tuple(entry(up, person=n) for n in range(ALWAYS.per_send_max + 1))
    over = await up.side(REGISTER_COPIES, RegisterCopies(ELSEWHERE, "c1", copies))
    assert code_of(over) is ProblemCode.TOO_LARGE

    listed = (await up.side(LIST_SENDS, OneOrganisation(ELSEWHERE))).sends
    assert {(row.name, row.state, row.entries, row.reason) for row in listed} == {
        (NAME, SendState.REFUSED, count, answer.detail),
        ("c1", SendState.REFUSED, len(copies), over.detail),
    }
    assert (await up.reconciled()).inquiries == 0
