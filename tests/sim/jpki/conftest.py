"""One authority and a few residents for all JPKI tests; their keys are made once, in a folder of the test
session."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from sim.jpki.authority import Authority
from sim.jpki.holder import HolderFacts
from sim.jpki.key_cache import KeyCache
from sim.jpki.personalisation import IssuedCertificates, issue

SEED = b"tests"
ISSUED_ON = date(2025, 10, 27)
HANAKO = HolderFacts(
    n=12,
    name="山田　花子",
    birth_date=date(1980, 2, 17),
    sex=2,
    address="東京都清瀬市中里五丁目８４２番地",
    municipality_code="132217",
    locality="Kiyose-shi",
)


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def authority(key_folder: Path) -> Authority:
    return Authority(SEED, KeyCache(key_folder))


@pytest.fixture(scope="session")
def hanako() -> HolderFacts:
    return HANAKO


@pytest.fixture(scope="session")
def issued(authority: Authority) -> IssuedCertificates:
    return issue(authority, HANAKO, 0, ISSUED_ON)


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The unmodified program, run in a folder of the test; both outputs come back as one text in `stdout`."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl がありません")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *(str(argument) for argument in arguments)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=20,
            check=False,
        )

    return run
