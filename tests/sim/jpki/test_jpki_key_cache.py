"""The key cache: it may forget, be torn, full or read-only; it may never give a wrong key."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.jpki.key_cache import KeyCache, prewarm
from sim.jpki.keys import private_key

SEED = b"a seed that nobody may read off a file name"


def _the_file(folder: Path) -> Path:
    [file] = [path for path in folder.rglob("*") if path.is_file()]
    return file


def test_a_key_is_derived_once_and_then_read(tmp_path: Path) -> None:
    first, second = KeyCache(tmp_path), KeyCache(tmp_path)

    expected = private_key(SEED, "x").private_numbers()
    assert first.private_key(SEED, "x").private_numbers() == expected
    assert second.private_key(SEED, "x").private_numbers() == expected
    assert (first.made, second.made) == (1, 0)


def test_without_a_folder_keys_stay_in_memory_and_no_more_than_allowed() -> None:
    cache = KeyCache(None, in_memory_max=2)

    a = cache.private_key(SEED, "a")
    cache.private_key(SEED, "b")
    assert cache.private_key(SEED, "a") is a
    cache.private_key(SEED, "c")  # "b" was used longest ago
    assert (cache.has(SEED, "a"), cache.has(SEED, "b"), cache.has(SEED, "c")) == (True, False, True)
    assert cache.made == 3


def test_file_names_and_repr_do_not_give_the_seed_away(tmp_path: Path) -> None:
    cache = KeyCache(tmp_path)
    cache.private_key(b"0123seed", "label9")

    names = str(_the_file(tmp_path).relative_to(tmp_path)) + repr(cache)
    for secret in ("seed", b"seed".hex(), "label9", b"label9".hex()):
        assert secret not in names
    assert _the_file(tmp_path).stat().st_mode & 0o077 == 0


@pytest.fixture(scope="module")
def damaged_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    KeyCache(folder).private_key(SEED, "x")
    return folder


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_torn_or_altered_file_is_noticed_and_made_anew(damaged_folder: Path, data: st.DataObject) -> None:
    file = _the_file(damaged_folder)
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    torn = whole[:at] if data.draw(st.booleans()) else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    file.write_bytes(torn)

    cache = KeyCache(damaged_folder)
    assert not cache.has(SEED, "x")
    cache.private_key(SEED, "x")
    assert cache.made == 1
    assert file.read_bytes() == whole


def test_a_file_in_anothers_place_is_noticed(tmp_path: Path) -> None:
    cache = KeyCache(tmp_path)
    cache.private_key(SEED, "x")
    x_file = _the_file(tmp_path)
    x = x_file.read_bytes()
    x_file.unlink()
    cache.private_key(SEED, "y")
    _the_file(tmp_path).write_bytes(x)

    assert not KeyCache(tmp_path).has(SEED, "y")


def test_a_folder_that_cannot_be_written_is_said_and_does_no_harm(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    cache = KeyCache(in_the_way)

    assert cache.private_key(SEED, "x").private_numbers() == private_key(SEED, "x").private_numbers()
    assert cache.problem is not None
    assert "書き込めません" in cache.problem
    with pytest.raises(RuntimeError, match="書き込めません"):
        prewarm(in_the_way, SEED, ["x"], processes=1)


def test_prewarm_makes_what_is_missing_on_several_cores_and_says_how_far_it_is(tmp_path: Path) -> None:
    KeyCache(tmp_path).private_key(SEED, "1")
    labels = [str(i) for i in range(7)]
    said: list[tuple[int, int]] = []

    made = prewarm(
        tmp_path, SEED, [*labels, "3"], processes=2, progress=lambda done, all_: said.append((done, all_))
    )

    assert made == 6
    assert said == [(done, 6) for done in range(1, 7)]
    cache = KeyCache(tmp_path)
    for label in labels:
        cache.private_key(SEED, label)
    assert cache.made == 0
    assert prewarm(tmp_path, SEED, labels) == 0
    assert multiprocessing.active_children() == []
    assert not list(tmp_path.rglob("*.new"))


def test_several_processes_making_the_same_keys_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    labels = [str(i) for i in range(6)]
    others = [
        context.Process(target=prewarm, args=(tmp_path, SEED, labels), kwargs={"processes": 1})
        for _ in range(2)
    ]
    for other in others:
        other.start()
    for other in others:
        other.join(30)
        assert other.exitcode == 0

    cache = KeyCache(tmp_path)
    assert [cache.private_key(SEED, label).private_numbers() for label in labels] == [
        private_key(SEED, label).private_numbers() for label in labels
    ]
    assert cache.made == 0


def test_a_worker_that_dies_is_an_error_and_no_hang(tmp_path: Path) -> None:
    def kill_all(done: int, _: int) -> None:
        if done == 1:
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(RuntimeError, match="40 個のうち"):
        prewarm(tmp_path, SEED, [str(i) for i in range(40)], processes=2, progress=kill_all)
    assert multiprocessing.active_children() == []


def test_an_error_in_the_progress_callback_ends_the_workers(tmp_path: Path) -> None:
    def fail(_: int, __: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prewarm(tmp_path, SEED, [str(i) for i in range(40)], processes=2, progress=fail)
    assert multiprocessing.active_children() == []
