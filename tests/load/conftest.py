"""One world for all tests that put load on a portal that runs already."""

from collections.abc import Iterator

import pytest
from running import World, running_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("world")) as world:
        yield world
