"""The documentation's tables are the code's."""

import pytest

from sim.network.drawing import DOCUMENT, redrawn


def test_the_document_is_as_drawn() -> None:
    document = DOCUMENT.read_text("utf-8")

    assert redrawn(document) == document, "run python -m sim.network.drawing"


def test_a_missing_marker_is_noticed() -> None:
    with pytest.raises(ValueError):
        redrawn("nothing")
