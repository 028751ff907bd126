"""The desk's table: what each card that was ever read here remembers (tries left, changed PINs)."""

from typing import NamedTuple

from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "cards_desk",
    (
        """
        CREATE TABLE card_states (
            person INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            state BLOB NOT NULL,
            PRIMARY KEY (person, generation)
        )
        """,
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA,)


class StateRow(NamedTuple):
    """*generation* tells the cards that one person had after another apart."""

    person: int
    generation: int
    state: bytes


STATE = Query(
    "SELECT person, generation, state FROM card_states WHERE person = :person AND generation = :generation",
    StateRow,
)


def save(row: StateRow) -> Op:
    return Op(
        "INSERT INTO card_states (person, generation, state) VALUES (:person, :generation, :state) "
        "ON CONFLICT (person, generation) DO UPDATE SET state = excluded.state",
        row._asdict(),
    )
