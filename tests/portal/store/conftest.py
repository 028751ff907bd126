"""Stores of their own for the tests of this folder, and the time of the outbox's."""

import pytest
from outbox_work import TrialClock
from store_tables import SCHEMA

from benchmarks.postgres_server import programs, running_server
from portal.store import outbox as outbox_module
from portal.store import postgres_line
from portal.store.sqlite import SimulatedStore


@pytest.fixture
def store():
    store = SimulatedStore([SCHEMA, outbox_module.SCHEMA])
    yield store
    store.close()


@pytest.fixture
def clock():
    return TrialClock()


@pytest.fixture(scope="session")
def own_server():
    """A server that tests may kill: one for all of them in a process."""
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with running_server(deadlock_timeout="20ms") as server:
        yield server


@pytest.fixture
def own_url(own_server, request):
    if not own_server.runs:
        own_server.start(deadlock_timeout="20ms")
    return own_server.empty_place(f"own_{abs(hash(request.node.nodeid))}")


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(postgres_line, "PATIENCE_SECONDS", 0.3)
