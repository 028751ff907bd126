"""Where an installation keeps its things: the state folder, and the cache of card keys."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import msgspec
import platformdirs

from portal.refusal import Refusal
from sim.nation.municipalities import MUNICIPALITIES, MUNICIPALITY_PEOPLE_MAX
from sim.nation.nation import Nation
from sim.world.facts import WorldFacts
from sim.world.key_folder import APPLICATION, key_folder
from sim.world.settings import WorldSettings

BEGAN_FILE = "world.json"
POPULATIONS_FILE = "populations.json"
_AGAIN = "mynasim nation import-census で国勢調査の表を取り込み直すか、mynasim reset で空にしてください。"


class StateUnusable(Refusal):
    """The state folder can't be made or written."""


class StateInUse(Refusal):
    """Another mynasim works with this state folder."""


class StateOfAnotherWorld(Refusal):
    """The state was made with another seed or other populations."""


class Began(msgspec.Struct, frozen=True):
    """When this state's world began, from which seed and with which populations: cards and numbers follow from them."""

    seed: int
    as_of: date
    populations: str = ""
    """Fingerprint of the census table by which residents are numbered; empty for the shipped table."""


class CensusPopulations(msgspec.Struct, frozen=True):
    """人口の表 that this state's nation is made by, instead of the shipped one."""

    source: str
    """The file that it came from, for people."""
    people: dict[str, int]
    """By six-digit municipality code, all of them."""


def default_state() -> Path:
    return Path(platformdirs.user_state_dir(APPLICATION))


def world_facts(state: Path, settings: WorldSettings, today: date) -> WorldFacts:
    """The facts of this state's world, which begins today if it has not begun. Raises :class:`StateOfAnotherWorld`."""
    state.mkdir(parents=True, exist_ok=True)
    people = populations(state)
    began = _began(state)
    if began is None:
        began = Began(settings.seed, today, _fingerprint(people))
        _put(state / BEGAN_FILE, msgspec.json.encode(began))
    _hold_to(began, state, settings, people)
    return WorldFacts(
        began.seed,
        key_folder(),
        as_of=began.as_of,
        valid_my_numbers=settings.valid_my_numbers,
        populations=people,
    )


def nation(state: Path, settings: WorldSettings) -> Nation:
    """The nation of this state's world, begun or not; writes nothing. Raises :class:`StateOfAnotherWorld`."""
    people, began = populations(state), _began(state)
    if began is not None:
        _hold_to(began, state, settings, people)
    return Nation(settings.seed, valid_my_numbers=settings.valid_my_numbers, populations=people)


def populations(state: Path) -> dict[str, int] | None:
    """The imported census table, or None where there is none. Raises :class:`StateOfAnotherWorld` for a broken one."""
    path = state / POPULATIONS_FILE
    try:
        people = msgspec.json.decode(path.read_bytes(), type=CensusPopulations).people
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise StateOfAnotherWorld(f"{path} を読めません。{_AGAIN}") from error
    known = {municipality.code for municipality in MUNICIPALITIES}
    if set(people) != known or not all(0 <= count < MUNICIPALITY_PEOPLE_MAX for count in people.values()):
        raise StateOfAnotherWorld(f"{path} が壊れています。{_AGAIN}")
    return people


def take_populations(state: Path, table: CensusPopulations) -> None:
    """Let this state's nation be made by a census table.

    Raises :class:`StateInUse` while something runs on it, and :class:`StateOfAnotherWorld` when its world has begun
    with other populations.
    """
    with held(state, "up"), held(state, "portal"), held(state, "world"):
        began = _began(state)
        if began is not None and began.populations != _fingerprint(table.people):
            raise StateOfAnotherWorld(
                f"状態フォルダー {state} の世界は、別の人口で始まっています。人口を変えると住民の番号がずれ、"
                "発行したカードやアカウントが別の住民のものになるため、取り込めません。"
                "mynasim reset で空にしてから取り込むか、--state で別のフォルダーを使ってください。"
            )
        _put(state / POPULATIONS_FILE, msgspec.json.encode(table))


def _began(state: Path) -> Began | None:
    path = state / BEGAN_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Began)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise StateOfAnotherWorld(f"{path} が壊れています。mynasim reset で空にしてください。") from error


def _hold_to(began: Began, state: Path, settings: WorldSettings, people: dict[str, int] | None) -> None:
    if began.seed != settings.seed:
        raise StateOfAnotherWorld(
            f"状態フォルダー {state} は種 {began.seed} の世界のもので、設定の種 {settings.seed} とは違います。"
            "種を元に戻すか、--state で別のフォルダーを使うか、mynasim reset で空にしてください。"
        )
    if began.populations != _fingerprint(people):
        raise StateOfAnotherWorld(
            f"状態フォルダー {state} の世界は、いまの {POPULATIONS_FILE} とは別の人口で始まっています。住民の番号がずれるため使えません。"
            "はじめと同じ国勢調査の表を mynasim nation import-census で取り込むか、mynasim reset で空にしてください。"
        )


def _fingerprint(people: dict[str, int] | None) -> str:
    if people is None:
        return ""
    return hashlib.sha256(msgspec.json.encode(sorted(people.items()))).hexdigest()


def _put(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


@contextmanager
def held(state: Path, what: str) -> Iterator[None]:
    """Hold this part of the state alone. Raises :class:`StateInUse`."""
    try:
        # Sessions and secrets lie here: nobody else's business.
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (state / f"{what}.lock").open("w")
    except OSError as error:
        raise StateUnusable(
            f"状態フォルダー {state} に書き込めません（{error.strerror}）。権限を直すか、--state で別のフォルダーを使ってください。"
        ) from error
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateInUse(
                f"状態フォルダー {state} は、動いている別の mynasim が使っています。"
                "それを止めるか、--state で別のフォルダーを使ってください。"
            ) from error
        yield


def write_trust(state: Path, facts: WorldFacts) -> None:
    """Leave the CA certificates where the portal looks for them."""
    folder = state / "trust"
    folder.mkdir(parents=True, exist_ok=True)
    for number, certificate in enumerate(facts.trust()):
        path = folder / f"user-authentication-{number}.der"
        if not path.exists() or path.read_bytes() != certificate:
            draft = path.with_suffix(".draft")
            draft.write_bytes(certificate)
            draft.replace(path)
