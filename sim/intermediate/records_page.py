"""自機関の記録: what one organisation keeps about a person, looked up by a clerk at a terminal in its own network (TKM).

The same operation as over the API, through a connection of the organisation like any other.
"""

import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from portal.wire.disclosure import records_kept_from
from portal.wire.intermediate_keeping import Group, ListRecordsOfPerson
from portal.wire.linkage import KeptRecord, Place
from portal.wire.moments import day_of, to_ms
from portal.wire.problems import Problem
from sim.entrance.entrance import WHICH_ORGANISATION, found_organisation
from sim.entrance.now import Field, Form, Now, Section, Table, Typed, moment_of
from sim.intermediate.now import organisation_name
from sim.intermediate.service import IntermediateServers
from sim.nation.catalogue import catalogue
from sim.network.now import STATES

RECORDS: Final = "/records"
TITLE: Final = "自機関の記録"
NAV: Final = (TITLE, RECORDS)
RECORDS_SHOWN_MAX: Final = 200
"""Seven years of most people; more of them come over the API."""
SIDES: Final = {Place.INQUIRER: "照会側", Place.PROVIDER: "提供側", Place.CORE: "コアシステム"}
PERSON_HINT: Final = "統合宛名番号か住民番号。例：131016-12"
_COLUMNS: Final = (
    "照会した日時",
    "どちら側として",
    "相手の機関",
    "特定個人情報",
    "結果",
    "提供した日時",
    "処理通番",
)


def records_page(servers: IntermediateServers) -> Now:
    """The page of these servers."""

    async def show(typed: Typed) -> tuple[Section, ...]:
        return (await _found(servers, typed),)

    async def submit(_: Typed) -> Mapping[str, str]:
        return {"organisation": "「調べる」のボタンで調べてください。"}

    return Now(show, submit, RECORDS, TITLE)


def person_named(servers: IntermediateServers, text: str) -> int | None:
    """By 統合宛名番号, or as the world's pages name residents; digits may be full-width."""
    text = unicodedata.normalize("NFKC", text)
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    return servers.notices.number_of(text)


async def _found(servers: IntermediateServers, typed: Typed) -> Section:
    code, who = typed.get("organisation", ""), typed.get("person", "")
    said = (
        "機関がほかの機関に照会した記録と、照会を受けて提供した記録を、1人について調べます。"
        "7年前から今日まで、この世界が始まる前のものも含みます。"
    )
    table = None
    if code or who:
        body, person = found_organisation(code), person_named(servers, who)
        if body is None:
            said = f"「{code}」の機関はありません。{WHICH_ORGANISATION}を入れてください。"
        elif person is None:
            said = f"「{who}」の人はいません。統合宛名番号か住民番号を入れてください。"
        else:
            today = day_of(servers.now_ms())
            wanted = ListRecordsOfPerson(
                body.code, person, records_kept_from(today) + timedelta(days=1), today
            )
            outcome = await servers.standing.admit(
                body.code, lambda: servers.own_records.of_person(wanted), Group.TKM
            )
            if isinstance(outcome, Problem):
                said = outcome.detail
            else:
                said = (
                    f"{body.name}（{body.code}）に、この人についての記録が{len(outcome.records)}件あります。"
                )
                if len(outcome.records) > RECORDS_SHOWN_MAX:
                    said += f"新しい{RECORDS_SHOWN_MAX}件を示します。"
                table = _table(outcome.records[:RECORDS_SHOWN_MAX])
    fields = (
        Field("organisation", "機関", code, f"{WHICH_ORGANISATION}。例：131016、千代田区"),
        Field("person", "住民", who, PERSON_HINT),
    )
    return Section("records", "1人についての記録", said, table=table, form=Form(fields, "調べる", "get"))


def _table(found: tuple[KeptRecord, ...]) -> Table:
    return Table(_COLUMNS, tuple(map(_line, found)), "この人についての記録はありません。")


def _line(record: KeptRecord) -> tuple[str, ...]:
    other = record.provider if record.place is Place.INQUIRER else record.inquirer
    kind = catalogue().information.get(record.information)
    provided = None if record.provided_at is None else to_ms(record.provided_at)
    return (
        moment_of(to_ms(record.requested_at)),
        SIDES[record.place],
        organisation_name(other),
        record.information if kind is None else kind.name,
        STATES[record.state],
        moment_of(provided),
        record.number,
    )
