"""The core system's tables: what it was asked and has taken, so that it will be seen through.

Rows stay for a while after they are done, so that a request that comes again is recognised; then they go.
"""

from typing import NamedTuple

from portal.store import outbox
from portal.store.store import Op, Query, Schema
from portal.wire.limits import ASKING_AGAIN_DAYS_MAX
from portal.wire.moments import DAY
from sim import controls
from sim.network.notices import tables as notices
from sim.network.records import tables as records

KEPT_MS = (ASKING_AGAIN_DAYS_MAX + 10) * DAY
"""Longer than anybody asks again."""

SCHEMA = Schema(
    "network",
    (
        """
        CREATE TABLE acquisitions (
            number_digest TEXT PRIMARY KEY,
            person INTEGER NOT NULL,
            serial TEXT NOT NULL,
            done_ms INTEGER NOT NULL
        );
        CREATE INDEX acquisitions_done ON acquisitions (done_ms);
        CREATE TABLE disclosures (
            request_id TEXT PRIMARY KEY,
            person INTEGER NOT NULL,
            first_day TEXT NOT NULL,
            last_day TEXT NOT NULL,
            accepted_ms INTEGER NOT NULL,
            done_ms INTEGER,
            result TEXT
        );
        CREATE INDEX disclosures_done ON disclosures (done_ms);
        CREATE TABLE provisions (
            request_id TEXT PRIMARY KEY,
            person INTEGER NOT NULL,
            information TEXT NOT NULL,
            organisation TEXT NOT NULL,
            accepted_ms INTEGER NOT NULL,
            guidance TEXT,
            done_ms INTEGER,
            result TEXT
        );
        CREATE INDEX provisions_done ON provisions (done_ms)
        """,
        """
        CREATE TABLE questions (
            question_id TEXT PRIMARY KEY,
            request_id TEXT NOT NULL,
            number TEXT NOT NULL,
            side TEXT NOT NULL,
            organisation TEXT NOT NULL,
            asked_ms INTEGER NOT NULL,
            decision TEXT
        );
        CREATE INDEX questions_request ON questions (request_id);
        CREATE INDEX questions_asked ON questions (asked_ms);
        CREATE TABLE organisation_acquisitions (
            number_digest TEXT PRIMARY KEY,
            organisation TEXT NOT NULL,
            person INTEGER NOT NULL,
            number TEXT,
            taken_ms INTEGER NOT NULL
        );
        CREATE INDEX organisation_acquisitions_taken ON organisation_acquisitions (taken_ms);
        CREATE TABLE holdings (
            person INTEGER NOT NULL,
            information TEXT NOT NULL,
            organisation TEXT NOT NULL,
            held INTEGER NOT NULL,
            PRIMARY KEY (person, information, organisation)
        )
        """,
        """
        CREATE TABLE traffic (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            rate TEXT NOT NULL,
            under TEXT NOT NULL
        )
        """,
        """
        ALTER TABLE organisation_acquisitions ADD COLUMN refusal TEXT
        """,
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA, notices.SCHEMA, records.SCHEMA, outbox.SCHEMA, controls.SCHEMA)

DISCLOSURE_PUSH = "disclosure_push"
"""Outbox: push the records of a disclosure to the portal."""
PROVISION_HAND_OVER = "provision_hand_over"
"""Outbox: hand a request for self-information to the holder's intermediate server."""
PROVISION_GUIDE = "provision_guide"
"""Outbox: tell the folder that nobody will answer, and what to do instead."""

DISCLOSURE_DECIDED = "disclosure_decided"
"""Outbox: somebody has decided about a flagged record; perhaps that was the last to be waited for."""
DISCLOSURE_END = "disclosure_end"
"""Outbox: wait for decisions no longer."""
QUESTION_ASK = "question_ask"
"""Outbox: ask one side whether a flagged record may be disclosed."""
INQUIRY_NOTIFY = "inquiry_notify"
"""Outbox: notify the provider of an inquiry that was permitted."""
INQUIRY_END = "inquiry_end"
"""Outbox: nobody has answered in time."""
CODE_SEND = "code_send"
"""Outbox: send an organisation the code that was asked for under its 取得番号."""


class Acquisition(NamedTuple):
    """符号の取得 that was done; of the 取得番号 only a digest is left, by which a second use is noticed."""

    number_digest: str
    person: int
    serial: str
    done_ms: int


class Disclosure(NamedTuple):
    """A disclosure of records that is answered later; days as ISO text."""

    request_id: str
    person: int
    first_day: str
    last_day: str
    accepted_ms: int
    done_ms: int | None = None
    result: str | None = None

    def same_request(self, other: "Disclosure") -> bool:
        return self[:4] == other[:4]


class Provision(NamedTuple):
    """A request for self-information that the core has taken."""

    request_id: str
    person: int
    information: str
    organisation: str
    accepted_ms: int
    guidance: str | None = None
    done_ms: int | None = None
    result: str | None = None

    def same_request(self, other: "Provision") -> bool:
        return self[:4] == other[:4]


ACQUISITION = Query(
    "SELECT number_digest, person, serial, done_ms FROM acquisitions WHERE number_digest = :digest",
    Acquisition,
)
DISCLOSURE = Query(
    "SELECT request_id, person, first_day, last_day, accepted_ms, done_ms, result FROM disclosures "
    "WHERE request_id = :request_id",
    Disclosure,
)
PROVISION = Query(
    "SELECT request_id, person, information, organisation, accepted_ms, guidance, done_ms, result FROM provisions "
    "WHERE request_id = :request_id",
    Provision,
)


def insert_acquisition(row: Acquisition) -> Op:
    return Op(
        "INSERT INTO acquisitions (number_digest, person, serial, done_ms) "
        "VALUES (:number_digest, :person, :serial, :done_ms)",
        row._asdict(),
    )


def insert_disclosure(row: Disclosure) -> Op:
    return Op(
        "INSERT INTO disclosures (request_id, person, first_day, last_day, accepted_ms) "
        "VALUES (:request_id, :person, :first_day, :last_day, :accepted_ms)",
        row._asdict(),
    )


def insert_provision(row: Provision) -> Op:
    return Op(
        "INSERT INTO provisions (request_id, person, information, organisation, accepted_ms, guidance) "
        "VALUES (:request_id, :person, :information, :organisation, :accepted_ms, :guidance)",
        row._asdict(),
    )


def finish_disclosure(request_id: str, result: str, *, now_ms: int) -> Op:
    return Op(
        "UPDATE disclosures SET done_ms = :now, result = :result WHERE request_id = :request_id",
        {"request_id": request_id, "result": result, "now": now_ms},
        None,
    )


def finish_provision(request_id: str, result: str, *, now_ms: int) -> Op:
    return Op(
        "UPDATE provisions SET done_ms = :now, result = :result WHERE request_id = :request_id",
        {"request_id": request_id, "result": result, "now": now_ms},
        None,
    )


class _Promised(NamedTuple):
    request_id: str


PROMISED = Query("SELECT request_id FROM disclosures", _Promised)


def guide_provision(request_id: str, guidance: str) -> Op:
    return Op(
        "UPDATE provisions SET guidance = :guidance WHERE request_id = :request_id",
        {"request_id": request_id, "guidance": guidance},
        None,
    )


def forget_acquisitions(now_ms: int) -> Op:
    return Op("DELETE FROM acquisitions WHERE done_ms < :before", {"before": now_ms - KEPT_MS}, None)


def forget_disclosures(now_ms: int) -> Op:
    return Op("DELETE FROM disclosures WHERE done_ms < :before", {"before": now_ms - KEPT_MS}, None)


def forget_provisions(now_ms: int) -> Op:
    return Op("DELETE FROM provisions WHERE done_ms < :before", {"before": now_ms - KEPT_MS}, None)


# 開示可否の照会 (REC-5)


class Question(NamedTuple):
    """Whether one side lets one flagged record be disclosed, in answer to one request."""

    question_id: str
    request_id: str
    number: str
    side: str
    organisation: str
    asked_ms: int
    decision: str | None = None


_QUESTION = "question_id, request_id, number, side, organisation, asked_ms, decision"
QUESTION = Query(f"SELECT {_QUESTION} FROM questions WHERE question_id = :question_id", Question)
QUESTIONS = Query(
    f"SELECT {_QUESTION} FROM questions WHERE request_id = :request_id ORDER BY question_id", Question
)


def insert_question(row: Question) -> Op:
    return Op(
        "INSERT INTO questions (question_id, request_id, number, side, organisation, asked_ms) "
        "VALUES (:question_id, :request_id, :number, :side, :organisation, :asked_ms) "
        "ON CONFLICT (question_id) DO NOTHING",
        row._asdict(),
        None,
    )


def decide_question(question_id: str, decision: str) -> Op:
    """The first word counts."""
    return Op(
        "UPDATE questions SET decision = :decision WHERE question_id = :question_id AND decision IS NULL",
        {"question_id": question_id, "decision": decision},
        None,
    )


def forget_questions(now_ms: int) -> Op:
    return Op("DELETE FROM questions WHERE asked_ms < :before", {"before": now_ms - KEPT_MS}, None)


# 機関の符号の取得


class OrganisationAcquisition(NamedTuple):
    """A code on its way to an organisation; the 取得番号 itself goes when the code has arrived."""

    number_digest: str
    organisation: str
    person: int
    number: str | None
    taken_ms: int
    refusal: str | None = None
    """Why the organisation's server did not take it, in its words."""


ORGANISATION_ACQUISITION = Query(
    "SELECT number_digest, organisation, person, number, taken_ms, refusal FROM organisation_acquisitions "
    "WHERE number_digest = :digest",
    OrganisationAcquisition,
)


def insert_organisation_acquisition(row: OrganisationAcquisition) -> Op:
    return Op(
        "INSERT INTO organisation_acquisitions (number_digest, organisation, person, number, taken_ms) "
        "VALUES (:number_digest, :organisation, :person, :number, :taken_ms)",
        row._asdict(),
    )


def renew_organisation_acquisition(row: OrganisationAcquisition) -> Op:
    """A number that its server refused for one person is used for another; raises no code for both."""
    return Op(
        "UPDATE organisation_acquisitions SET person = :person, number = :number, taken_ms = :taken_ms, refusal = NULL "
        "WHERE number_digest = :number_digest AND refusal IS NOT NULL",
        {name: value for name, value in row._asdict().items() if name not in ("organisation", "refusal")},
    )


def refuse_organisation_acquisition(digest: str, words: str) -> Op:
    """The number goes as well: whoever asks again brings it."""
    return Op(
        "UPDATE organisation_acquisitions SET number = NULL, refusal = :words WHERE number_digest = :digest",
        {"digest": digest, "words": words},
        None,
    )


def erase_acquisition_number(digest: str) -> Op:
    return Op(
        "UPDATE organisation_acquisitions SET number = NULL WHERE number_digest = :digest",
        {"digest": digest},
        None,
    )


def forget_organisation_acquisitions(now_ms: int) -> Op:
    return Op(
        "DELETE FROM organisation_acquisitions WHERE taken_ms < :before", {"before": now_ms - KEPT_MS}, None
    )


# 副本の存否


class Holding(NamedTuple):
    """What an intermediate server said of a copy that was registered or deleted in this run."""

    information: str
    organisation: str
    held: int


HOLDINGS = Query(
    "SELECT information, organisation, held FROM holdings WHERE person = :person ORDER BY information, organisation",
    Holding,
)


class _Whose(NamedTuple):
    person: int


HELD_PERSONS = Query("SELECT DISTINCT person FROM holdings", _Whose)


def put_holding(person: int, information: str, organisation: str, held: bool) -> Op:
    return Op(
        "INSERT INTO holdings (person, information, organisation, held) "
        "VALUES (:person, :information, :organisation, :held) "
        "ON CONFLICT (person, information, organisation) DO UPDATE SET held = excluded.held",
        {"person": person, "information": information, "organisation": organisation, "held": int(held)},
    )
