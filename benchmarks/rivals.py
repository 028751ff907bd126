"""The same handlers as a team would write them on FastAPI + uvicorn with sqlite3: by the documentation, not tuned.

``def`` handlers in the thread pool, dependencies for the session, pydantic models for the answer, a connection for
each thread. They read copies of the very files of the portal and the core system, under the same keys, so both
sides answer the same content.

Run as ``uvicorn benchmarks.rivals:citizen`` and ``:simulator``; the environment says where the files are.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import threading
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

JST = timezone(timedelta(hours=9))
_here = threading.local()


def _database() -> sqlite3.Connection:
    connection: sqlite3.Connection | None = getattr(_here, "connection", None)
    if connection is None:
        connection = _here.connection = sqlite3.connect(os.environ["RIVAL_DATABASE"])
        connection.row_factory = sqlite3.Row
    return connection


# A citizen's operation: the list of one's own requests for records

citizen = FastAPI()


class RequestView(BaseModel):
    request_id: str
    state: str
    start: date
    end: date
    asked_at: datetime
    answered_at: datetime | None
    read: bool
    guidance: str | None = None


class Requests(BaseModel):
    requests: list[RequestView]


class User(BaseModel):
    account_id: str
    key: bytes
    settings: dict[str, Any]


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, JST)


def _unseal(key: bytes, place: str, sealed: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], place.encode())


def signed_in(authorization: Annotated[str, Header()] = "") -> User:
    token = authorization.removeprefix("Bearer ")
    database = _database()
    now = int(datetime.now().timestamp() * 1000)
    session = database.execute(
        "SELECT * FROM sessions WHERE token_hash = ?", (hashlib.sha256(token.encode()).digest(),)
    ).fetchone()
    if session is None or now >= session["idle_until_ms"] or now >= session["ends_ms"]:
        raise HTTPException(401)
    account = database.execute(
        "SELECT * FROM accounts WHERE account_id = ?", (session["account_id"],)
    ).fetchone()
    if account is None:
        raise HTTPException(401)
    account_id = account["account_id"]
    master = base64.b64decode(os.environ["RIVAL_MASTER_KEY"])
    key = _unseal(master, account_id, account["wrapped_key"])
    settings = json.loads(_unseal(key, f"{account_id}/settings", account["settings"]))
    return User(account_id=account_id, key=key, settings=settings)


@citizen.get("/requests")
def list_requests(user: Annotated[User, Depends(signed_in)]) -> Requests:
    rows = _database().execute(
        "SELECT request_id, state, asked, asked_ms, answered_ms, read_ms, guidance FROM disclosure_requests "
        "WHERE account_id = ? AND kind = 'records' ORDER BY asked_ms DESC, request_id",
        (user.account_id,),
    )
    shown = []
    for row in rows:
        place = f"{user.account_id}/asked/{row['request_id']}"
        asked = json.loads(_unseal(user.key, place, row["asked"]))
        state = row["state"] if row["state"] in ("answered", "refused", "paper") else "waiting"
        shown.append(
            RequestView(
                request_id=row["request_id"],
                state=state,
                start=asked["start"],
                end=asked["end"],
                asked_at=_moment(row["asked_ms"]),
                answered_at=_moment(row["answered_ms"]),
                read=row["read_ms"] is not None,
                guidance=row["guidance"],
            )
        )
    return Requests(requests=shown)


# A simulator's operation: the core system discloses records

simulator = FastAPI()


class Named(BaseModel):
    code: str
    name: str


class ProvisionRecord(BaseModel):
    record_id: str
    requested_at: datetime
    provided_at: datetime | None
    inquirer: Named
    provider: Named
    affair: Named
    procedure: Named
    information: Named
    result: str


class Disclose(BaseModel):
    request_id: str
    code: str
    start: date
    end: date


class Disclosed(BaseModel):
    outcome: str
    records: list[ProvisionRecord]


class _Core:
    """What both sides compute with: the nation and the codes. Made once, as ours is."""

    facts: Any = None
    codes: Any = None
    organisation: str = ""


def _core() -> type[_Core]:
    if _Core.facts is None:
        from sim.network.codes import DISCLOSURE_SYSTEM
        from sim.network.facts import CoreFacts
        from sim.world.facts import WorldFacts

        world = WorldFacts(int(os.environ["RIVAL_SEED"]), None)
        _Core.facts, _Core.codes, _Core.organisation = CoreFacts(world.nation), world.codes, DISCLOSURE_SYSTEM
    return _Core


def _peer(authorization: Annotated[str, Header()] = "") -> None:
    if not hmac.compare_digest(authorization.encode(), os.environ["RIVAL_CREDENTIAL"].encode()):
        raise HTTPException(401)


@simulator.post("/disclosures", dependencies=[Depends(_peer)])
def disclose(request: Disclose) -> Disclosed:
    core = _core()
    person = core.codes.person_of(request.code, core.organisation)
    if person is None:
        raise HTTPException(422)
    _database().execute("SELECT * FROM disclosures WHERE request_id = ?", (request.request_id,)).fetchone()
    now = int(datetime.now().timestamp() * 1000)
    records = core.facts.records(person, request.start, request.end, now_ms=now)
    return Disclosed(
        outcome="answered",
        records=[
            ProvisionRecord(
                record_id=record.record_id,
                requested_at=record.requested_at,
                provided_at=record.provided_at,
                inquirer=Named(code=record.inquirer.code, name=record.inquirer.name),
                provider=Named(code=record.provider.code, name=record.provider.name),
                affair=Named(code=record.affair.code, name=record.affair.name),
                procedure=Named(code=record.procedure.code, name=record.procedure.name),
                information=Named(code=record.information.code, name=record.information.name),
                result=record.result,
            )
            for record in records
        ],
    )
