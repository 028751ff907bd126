"""Every system keeps its word: Schemathesis reads the OpenAPI documents of a running world and calls what is in them.

Whatever is sent, right or wrong: no 500, and no answer (status, media type, content) that the document does not have.
Seeded and bounded, so that the same is tried each time.
"""

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from running_world import up
from schemathesis.checks import CHECKS, load_all_checks

from cards import terminal
from mynasim import place
from portal.links.credentials import authorization_of
from portal.seams.chance import LiveChance
from portal.secrets import Secrets
from portal.wire import sign_in
from portal.wire.about import api_document
from portal.wire.operation import JSON
from portal.wire.sign_in import Challenge, SignedIn, SignIn
from portal.wire.systems import Caller, Party, System
from sim.nation.catalogue import CURRENT, catalogue
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.world.settings import WorldSettings

pytestmark = pytest.mark.timeout(240)

RIGHT, WRONG = 10, 5
"""Requests as the document has them, and requests that break it, for each operation."""
ANSWER_SECONDS_MAX = 20
LAST = ("sign_out", "account.close")
"""After these there is no session any more."""
load_all_checks()
EXPECTED = [
    CHECKS.get_one(name)
    for name in ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
]


@schemathesis.serializer("application/ocsp-request")
def as_it_is(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


class Told(NamedTuple):
    """A running world, and how to call it."""

    addresses: Mapping[str, str]
    state: Path

    def document(self, system: System) -> dict[str, Any]:
        answer = requests.get(self.addresses[system] + api_document(system).path, timeout=ANSWER_SECONDS_MAX)
        assert answer.status_code == 200
        return answer.json()

    def key(self, caller: Caller) -> str:
        secrets = msgspec.json.decode((self.state / "secrets.json").read_bytes(), type=Secrets)
        return authorization_of(secrets.link, caller)

    def session(self) -> str:
        """Somebody signs in, and opens an account the first time."""
        facts = place.world_facts(self.state, WorldSettings(), datetime.now(UTC).date())
        n = facts.nation.examples()[0].n
        card = facts.wallet.card(n, LiveChance())
        ready = self._call(sign_in.ASK_CHALLENGE, None, Challenge)
        card.power_on()
        signed = terminal.authenticate(card.transmit, facts.wallet.pins(n).auth, ready.digest_info)
        assert isinstance(signed, terminal.Signed)
        request = SignIn(ready.challenge, signed.signature, signed.certificate)
        entered = self._call(sign_in.SIGN_IN, request, SignedIn)
        bearer = f"Bearer {entered.session}"
        if entered.nickname is None:
            self._call(sign_in.OPEN_ACCOUNT, sign_in.AccountSettings("はなこ"), sign_in.AccountView, bearer)
        return bearer

    def _call(self, operation: Any, content: Any, kind: Any, authorization: str = "") -> Any:
        answer = requests.request(
            operation.method,
            self.addresses[System.PORTAL] + operation.path,
            data=b"" if content is None else msgspec.json.encode(content),
            headers={"content-type": "application/json", "authorization": authorization},
            timeout=ANSWER_SECONDS_MAX,
        )
        assert answer.status_code == operation.status, answer.text
        return msgspec.json.decode(answer.content, type=kind)


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with up(state, MYNASIM_PORTAL__RATES__COUNTING="false") as (_, said):
            yield Told({**said["systems"], "portal": said["portal"]}, state)


def authorization(told: Told, callers: list[str], session: str) -> str:
    """Of one who may call this; nobody's for what anybody may."""
    if Party.ANYONE in callers:
        return ""
    if Party.CITIZEN in callers:
        return session
    (name, *_) = callers
    return told.key(Party(name) if name in set(Party) else System(name))


def with_known_codes(document: dict[str, Any]) -> dict[str, Any]:
    """The same document for a tester who knows some codes: guessing, nobody would get beyond "there is none of that"."""
    law = catalogue(CURRENT)
    nation = Nation(WorldSettings().seed)
    places = [person.municipality_code for person in nation.examples()[:2]]
    known = {
        r"^[0-9]{16}$": [*(of_municipality(code).code for code in places), "9" * 16],
        r"^[0-9]{6}$": [*places, "999999"],
        r"^TM[0-9]{14}$": [*sorted(law.information)[:3], "TM" + "9" * 14],
        r"^JT[0-9]{14}$": [*sorted(law.procedures)[:3], "JT" + "9" * 14],
        r"^JM[0-9]{14}$": [*sorted(law.affairs)[:3], "JM" + "9" * 14],
    }

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        found = {key: walk(value) for key, value in node.items()}
        values = known.get(str(node.get("pattern")).removesuffix(r"(?!\n)"))
        return found if values is None else {**found, "enum": values}

    return walk(document)


class Asker(NamedTuple):
    """Calls one operation."""

    address: str
    name: str
    authorization: str
    line: requests.Session
    done: set[str]

    def ask(self, case: schemathesis.Case) -> None:
        if self.name.endswith(".control") and isinstance(case.body, dict):
            # A system that stands still, or answers in a year, would not be tried any further.
            assume(case.body.get("mode") not in ("stopped", "late"))
        headers = {"authorization": self.authorization}
        answer = case.call(self.address, self.line, headers, timeout=ANSWER_SECONDS_MAX)
        assert answer.status_code != 500, (case.body, case.query, case.path_parameters, answer.text)
        case.validate_response(answer, checks=EXPECTED)
        if answer.status_code < 400:
            self.done.add(self.name)

    def try_all(self, cases: Any, most: int) -> None:
        @seed(1)
        @settings(
            max_examples=most, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases)
        def each(case: schemathesis.Case) -> None:
            self.ask(case)

        each()


class Kept(NamedTuple):
    """What came of calling everything in a document."""

    operations: int
    done: set[str]
    """Those that did something at least once."""
    broken: dict[str, str]
    """What did not keep its word, and how."""


def call_everything(told: Told, system: System, document: dict[str, Any]) -> Kept:
    schema = schemathesis.openapi.from_dict(with_known_codes(document))
    operations = sorted(
        (found.ok() for found in schema.get_all_operations()),
        key=lambda each: (each.definition.raw["operationId"] in LAST, each.label),
    )
    session = told.session() if system is System.PORTAL else ""
    broken: dict[str, str] = {}
    done: set[str] = set()
    for operation in operations:
        raw = operation.definition.raw
        name = raw["operationId"]
        if name == LAST[-1]:
            session = told.session()
        caller = authorization(told, raw["x-callers"], session)
        asker = Asker(told.addresses[system], name, caller, requests.Session(), done)
        modes = {schemathesis.GenerationMode.POSITIVE: RIGHT}
        # There is no wrong one among bytes.
        if operation.query or JSON in raw.get("requestBody", {}).get("content", {}):
            modes[schemathesis.GenerationMode.NEGATIVE] = WRONG
        try:
            for mode, most in modes.items():
                asker.try_all(operation.as_strategy(generation_mode=mode), most)
        except Exception as found:
            broken[name] = str(found)[:1_500]
        except BaseExceptionGroup as found:
            broken[name] = repr(found.exceptions)[:1_500]
    return Kept(len(operations), done, broken)


@pytest.mark.parametrize("system", list(System))
def test_it_does_what_its_document_says(told: Told, system: System) -> None:
    document = told.document(system)

    kept = call_everything(told, system, document)

    assert not kept.broken, "\n\n".join(f"{name}: {what}" for name, what in kept.broken.items())
    assert kept.operations == sum(len(item) for item in document["paths"].values())
    # What is asked for with ids that somebody made up mostly ends there; what needs none must have been done.
    assert len(kept.done) >= kept.operations / 4, kept.done


def test_a_broken_word_is_found(told: Told) -> None:
    """Else the test above shows nothing: a document without an answer that is given, and one with another content."""
    document = told.document(System.PORTAL)
    viewing = document["paths"]["/api/records/requests/{request_id}"]["get"]["responses"]
    del viewing["404"]
    listing = document["paths"]["/api/records/requests"]["get"]["responses"]["200"]
    listing["content"][JSON]["schema"] = {"type": "object", "required": ["pages"]}
    document["paths"] = {
        path: document["paths"][path] for path in sorted(document["paths"]) if "records/requests" in path
    }

    broken = call_everything(told, System.PORTAL, document).broken

    assert set(broken) == {"records.view", "records.list"}, broken
