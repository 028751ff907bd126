"""Where an installation keeps its things: the state folder, and the cache of card keys."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import msgspec
import platformdirs

from portal.refusal import Refusal
from sim.world.facts import WorldFacts
from sim.world.key_folder import APPLICATION, key_folder
from sim.world.settings import WorldSettings


class StateUnusable(Refusal):
    """The state folder can't be made or written."""


class StateInUse(Refusal):
    """Another mynasim works with this state folder."""


class StateOfAnotherWorld(Refusal):
    """The state was made with another seed."""


class Began(msgspec.Struct, frozen=True):
    """When this state's world began, and from which seed: cards follow from both."""

    seed: int
    as_of: date


def default_state() -> Path:
    return Path(platformdirs.user_state_dir(APPLICATION))


def world_facts(state: Path, settings: WorldSettings, today: date) -> WorldFacts:
    """The facts of this state's world, which begins today if it has not begun. Raises :class:`StateOfAnotherWorld`."""
    state.mkdir(parents=True, exist_ok=True)
    path = state / "world.json"
    if not path.exists():
        draft = state / f".world.json.{os.getpid()}"
        draft.write_bytes(msgspec.json.encode(Began(settings.seed, today)))
        draft.replace(path)
    try:
        began = msgspec.json.decode(path.read_bytes(), type=Began)
    except msgspec.MsgspecError as error:
        raise StateOfAnotherWorld(f"{path} が壊れています。mynasim reset で空にしてください。") from error
    if began.seed != settings.seed:
        raise StateOfAnotherWorld(
            f"状態フォルダー {state} は種 {began.seed} の世界のもので、設定の種 {settings.seed} とは違います。"
            "種を元に戻すか、--state で別のフォルダーを使うか、mynasim reset で空にしてください。"
        )
    return WorldFacts(began.seed, key_folder(), as_of=began.as_of, valid_my_numbers=settings.valid_my_numbers)


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
