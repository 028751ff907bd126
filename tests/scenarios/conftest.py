"""One simulated run of the whole suite, for all tests here that look at what came of it."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from scenarios.run import Order, Run, run
from sim.world.key_folder import key_folder


@pytest.fixture(scope="session")
def keys() -> Path:
    """Card keys, kept between runs as the product keeps them."""
    return key_folder()


@pytest.fixture
def out() -> Console:
    return Console(file=io.StringIO(), width=200, highlight=False)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Run:
    """The whole suite in simulated time, with both reports."""
    folder = tmp_path_factory.mktemp("reports")
    order = Order(seed=1, junit=folder / "junit.xml", html=folder / "page.html", keys=keys)
    return run(order, Console(file=io.StringIO()))
