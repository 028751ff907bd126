"""What is remembered is what was put, until it is forgotten; a store with other writers is always asked."""

from hypothesis import given
from hypothesis import strategies as st

from portal.sessions.living import Living
from portal.sessions.model import Session
from portal.store.remembering import Remembered


class Alone:
    sole_writer = True


class Shared:
    """As a store that several processes write to."""

    sole_writer = False


def session(number: int, account: str | None) -> Session:
    return Session(bytes([number]), account, "", "", "", 0, 1, 1)


def test_what_was_not_asked_for_longest_goes_first():
    remembered = Remembered(Alone(), 2)
    assert [remembered.put(key, key * 10) for key in (1, 2)] == [None, None]
    remembered.get(1)

    assert remembered.put(3, 30) == 20
    assert [remembered.get(key) for key in (1, 2, 3)] == [10, None, 30]


def test_nothing_is_remembered_of_a_store_with_other_writers():
    remembered = Remembered(Shared())
    assert remembered.put(1, 10) is None
    assert remembered.get(1) is None and len(remembered) == 0

    living = Living(Shared())
    living.put(session(1, "a"))
    assert living.get(bytes([1])) is None
    assert living._of_account == {}


ACCOUNTS = (None, "a", "b")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 9)),
        st.tuples(st.just("forget"), st.integers(0, 9)),
        st.tuples(st.just("forget_of"), st.sampled_from(["a", "b"])),
        st.tuples(st.just("forget_all"), st.none()),
    ),
    max_size=40,
)


@given(STEPS, st.integers(1, 6))
def test_living_sessions_are_found_until_they_or_their_account_are_forgotten(steps, most):
    living = Living(Alone())
    living._by_hash = Remembered(Alone(), most)
    known: dict[bytes, Session] = {}
    for step, what in steps:
        if step == "put":
            # Which account a session has never changes while it is remembered.
            one = session(what, ACCOUNTS[what % 3])
            living.put(one)
            known[one.token_hash] = one
        elif step == "forget":
            living.forget(bytes([what]))
            known.pop(bytes([what]), None)
        elif step == "forget_of":
            living.forget_of(what)
            known = {key: one for key, one in known.items() if one.account_id != what}
        else:
            living.forget_all()
            known.clear()
        there = {bytes([n]): living.get(bytes([n])) for n in range(10)}
        assert all(one is None or known.get(key) == one for key, one in there.items())
        listed = {key for keys in living._of_account.values() for key in keys}
        assert listed == {key for key, one in there.items() if one is not None and one.account_id is not None}
    if len(known) <= most and all(step == "put" for step, _ in steps):
        assert all(living.get(key) == one for key, one in known.items())
