"""What life has done to a resident in a state's world (異動のあと): read from the registry's store, running or not."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from mynasim.nation_conditions import NationRefused
from portal.wire.systems import System
from sim.nation.life import LifeEvent
from sim.nation.nation import Nation
from sim.nation.overlay import Overlay
from sim.nation.person import Person, relation

WAIT_SECONDS: Final = 5.0
"""For the registry to let go of its store."""


class Member(msgspec.Struct, frozen=True):
    resident: str
    name: str
    relation: str


class Registered(msgspec.Struct, frozen=True):
    """いまの登録: what events have changed of somebody since the reference date."""

    name: str
    kana: str
    postal_code: str
    address: str
    household: tuple[Member, ...]
    """The head first; nobody's when dead."""
    since: date
    """The day of the last event."""
    died: date | None
    insurer: str | None
    """Of the last change of job."""


def registered(state: Path, nation: Nation, person: Person) -> Registered | None:
    """As the registry of this state's world has them now; None for one whom no event has touched.

    Raises :class:`NationRefused` when the store is there and can't be read.
    """
    overlay = Overlay(nation, _events(state / f"{System.REGISTRY}.sqlite"))
    found = overlay.resident(person.n)
    household = overlay.household(person.n)
    now = found.person
    if found.since is None and {each.n for each in household} == {
        each.n for each in nation.household(person)
    }:
        return None
    return Registered(
        now.name,
        now.kana,
        now.address.postal_code,
        now.address.text,
        tuple(Member(_id(nation, one), one.name, relation(one.role, one.sex)) for one in household),
        found.since or nation.reference_date,
        found.died,
        None if found.job_insurer is None else found.job_insurer.name,
    )


def _id(nation: Nation, person: Person) -> str:
    """A newborn has no number inside its municipality."""
    return nation.resident_id(person.n) if person.n < nation.size else "（出生）"


def _events(path: Path) -> list[LifeEvent]:
    if not path.exists():
        return []
    try:
        # Read only: the world may be at work on it.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)) as store:
            rows = store.execute("SELECT event FROM events ORDER BY seq").fetchall()
        return [msgspec.json.decode(event, type=LifeEvent) for (event,) in rows]
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise NationRefused(
            f"{path} から異動を読めません。この状態フォルダーの世界を確かめてください（mynasim doctor）。"
        ) from error
