"""What follows from the kind of terminal (ACC-7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.sessions.terminals import KINDS, idle_seconds, kind_of
from portal.wire.sign_in import Terminal


@pytest.mark.requirement("ACC-7")
def test_every_kind_has_its_name_and_says_who_comes_next() -> None:
    assert set(KINDS) == set(Terminal)
    assert len({kind.name for kind in KINDS.values()}) == len(Terminal)
    assert {terminal for terminal, kind in KINDS.items() if kind.shared} == {Terminal.STORE, Terminal.PUBLIC}


@given(st.text(), st.integers(60, 10_000), st.integers(30, 10_000))
def test_a_shared_or_unknown_terminal_never_waits_longer(terminal: str, own: int, shared: int) -> None:
    waits = idle_seconds(terminal, own, shared)

    assert waits <= own
    assert waits == own or kind_of(terminal).shared
