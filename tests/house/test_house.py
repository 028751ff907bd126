"""The house as one would live in it: imports go one way, time and chance come from outside, paths stand once."""

import importlib
import pkgutil
import subprocess
import sys

import pytest
from house_rules import (
    ROOT,
    Breach,
    eager_imports,
    empty_names,
    real_world,
    spelled_paths,
    spelled_paths_in_page,
    spelled_prefixes,
    text_of,
    tracked,
    wrong_imports,
)

import portal.wire
from portal.wire.operation import Operation
from portal.wire.systems import System


def told(breaches) -> str:
    return "\n".join(str(breach) for breach in breaches)


# Imports


def test_imports_go_one_way():
    found = [breach for path in tracked(".py") for breach in wrong_imports(path, text_of(path))]
    assert not found, told(found)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("portal/wire/x.py", "from portal.links import link", 1),
        ("portal/wire/x.py", "import portal.store.store", 1),
        ("portal/wire/x.py", "import trio", 1),
        ("portal/wire/x.py", "def f():\n    from ..links.link import Link", 2),
        ("portal/links/x.py", "from portal.accounts import model", 1),
        ("portal/web/design.py", "from portal.sessions import model", 1),
        ("portal/records/x.py", "from sim.nation.nation import Nation", 1),
        ("portal/records/x.py", "import cards", 1),
        ("cards/x.py", "from portal.seams.clock import Clock", 1),
        ("cards/x.py", "from portal import wire, seams", 1),
        ("cards/chip/x.py", "import socket", 1),
        ("cards/applications/x.py", "import sim", 1),
        ("sim/nation/x.py", "import trio.lowlevel", 1),
        ("sim/nation/x.py", "from sim.jpki import keys", 1),
        ("sim/jpki/x.py", "from portal.app import build", 1),
        ("sim/jpki/x.py", "from portal.accounts.model import Account", 1),
        ("sim/jpki/x.py", "from scenarios import stage", 1),
        ("scenarios/x.py", "import mynasim", 1),
        ("scenarios/x.py", "import load.plan", 1),
        ("load/x.py", "def f():\n    if True:\n        import trio", 3),
    ],
)
def test_a_wrong_import_is_found(path, text, line):
    assert [breach.line for breach in wrong_imports(path, text)] == [line]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "portal/wire/x.py",
            "from portal.wire.systems import System\nfrom .systems import Party\nimport msgspec",
        ),
        ("portal/records/x.py", "from portal.accounts import model\nimport trio"),
        ("cards/x.py", "from portal.wire import jpki\nfrom portal import wire\nimport cards.chip"),
        ("cards/pcsc/x.py", "import trio, socket"),
        (
            "sim/jpki/x.py",
            "from portal.serving.front import Front\nfrom portal.web.design import page\nimport cards",
        ),
        ("sim/world/x.py", "from portal.app import build"),
        ("load/x.py", "from sim.nation import nation\nimport gevent"),
        ("sim/portal_like.py", "import portalish"),
    ],
)
def test_a_right_import_is_no_breach(path, text):
    assert list(wrong_imports(path, text)) == []


def test_the_command_line_imports_nothing_before_it_is_needed():
    found = list(
        eager_imports({path: text_of(path) for path in tracked(".py") if path.startswith("mynasim/")})
    )
    assert not found, told(found)


def test_an_eager_import_is_found():
    files = {
        "mynasim/__init__.py": "",
        "mynasim/__main__.py": "from mynasim import up\ndef load():\n    import load",
        "mynasim/up.py": "import trio\nfrom mynasim.words import text",
        "mynasim/words.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import sim\nimport portal.app",
        "mynasim/later.py": "import sim",
    }
    assert [(breach.path, breach.line) for breach in eager_imports(files)] == [("mynasim/words.py", 4)]


@pytest.mark.parametrize("parts", ["portal.wire sim.nation", "cards.chip cards.applications cards.card"])
def test_what_does_no_io_brings_no_trio_along(parts):
    """Also not through what it imports: Locust's process must stay without it."""
    program = (
        "import importlib, pkgutil, sys\n"
        "for part in sys.argv[1].split():\n"
        "    module = importlib.import_module(part)\n"
        "    for below in pkgutil.iter_modules(getattr(module, '__path__', ())):\n"
        "        if below.name not in ('build', '__main__'):\n"
        "            importlib.import_module(f'{part}.{below.name}')\n"
        "print(*sorted({'trio', 'quart', 'hypercorn', 'gevent'} & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, parts], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout.strip() == ""


# Time, chance and threads

ALLOWED: dict[tuple[str, str], str] = {
    ("portal/seams/clock.py", "time"): "the file that owns the real clock",
    ("portal/seams/chance.py", "os.urandom"): "the file that owns real chance",
    (
        "portal/store/sqlite.py",
        "threading",
    ): "the live store's one writer thread; the simulated twin has none",
    ("portal/store/sqlite.py", "trio.to_thread"): "the same",
    (
        "portal/seams/workshop.py",
        "trio.to_thread",
    ): "the file that owns threads for long work; in simulated time the work is done in place",
    ("sim/world/chance.py", "random"): "the simulated chance: a generator with the world's seed",
    (
        "portal/mail/carriers.py",
        "trio.to_thread",
    ): "the live mail carrier: the standard library's SMTP client blocks",
    (
        "sim/mailbox/smtp.py",
        "trio.to_thread",
    ): "the live mailbox's SMTP server has a thread and loop of its own",
    ("sim/mailbox/smtp.py", "trio.from_thread"): "the same",
    ("sim/jpki/key_cache.py", "threading"): "a lock on the cache of keys, which live worlds make in threads",
    (
        "sim/jpki/key_cache.py",
        "multiprocessing",
    ): "keys are made on all cores; which one makes it changes no byte",
    ("sim/jpki/key_cache.py", "multiprocessing.connection.Connection"): "the same",
    ("sim/jpki/key_cache.py", "multiprocessing.connection.wait"): "the same",
    (
        "load/clock.py",
        "time.perf_counter",
    ): "the file that owns load's clock: load stands outside the world, as a real client does",
    ("load/clock.py", "time.process_time"): "the same",
    ("load/clock.py", "time.time_ns"): "the same",
    ("load/clock.py", "datetime.datetime.now"): "the same",
    ("load/holders.py", "os.urandom"): "the chance of cards under load: the operating system's",
    (
        "scenarios/explorer/many.py",
        "multiprocessing",
    ): "seeds are explored on all cores; each run is in one process, and its trace the same in any",
    ("scenarios/explorer/many.py", "multiprocessing.connection.Connection"): "the same",
    ("scenarios/explorer/many.py", "multiprocessing.connection.wait"): "the same",
    ("scenarios/explorer/many.py", "os.times"): "how much CPU time a seed took: measured, never decided by",
}
"""What may use the real thing after all, each with its reason."""


def test_time_chance_and_threads_come_from_outside():
    found = [
        breach
        for path in tracked(".py")
        for breach in real_world(path, text_of(path))
        if (path, breach.what) not in ALLOWED
    ]
    assert not found, told(found)


def test_no_exception_outlives_its_reason():
    there = {path for path, _ in ALLOWED} & set(tracked(".py"))
    used = {(path, breach.what) for path in there for breach in real_world(path, text_of(path))}
    assert set(ALLOWED) - used == set()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import time", "time"),
        ("from time import monotonic as now", "time.monotonic"),
        ("def f():\n    import random", "random"),
        ("import secrets", "secrets"),
        ("from uuid import uuid4", "uuid.uuid4"),
        ("import threading", "threading"),
        ("import concurrent.futures", "concurrent.futures"),
        ("from datetime import datetime\ndatetime.now()", "datetime.datetime.now"),
        ("from datetime import datetime as d, UTC\nf = d.utcnow", "datetime.datetime.utcnow"),
        ("import datetime\nx = datetime.date.today()", "datetime.date.today"),
        ("import datetime as dt\nx = dt.datetime.now(dt.UTC)", "datetime.datetime.now"),
        ("import os\nos.urandom(8)", "os.urandom"),
        ("from os import urandom", "os.urandom"),
        ("import numpy as np\nnp.random.shuffle(x)", "numpy.random.shuffle"),
        ("import numpy as np\nnp.random.default_rng()", "numpy.random.default_rng"),
        ("import trio\nawait trio.to_thread.run_sync(f)", "trio.to_thread"),
    ],
)
def test_a_use_of_the_real_world_is_found(text, what):
    assert [breach.what for breach in real_world("portal/x.py", text)] == [what]


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime, time\ndatetime.fromtimestamp(0)",
        "import trio\ntrio.current_time()",
        "import numpy as np\ndef f(c: np.random.Generator): return np.random.default_rng(7)",
        "clock.now()\nself.date.today()",
        "from portal.secrets import Secrets\nimport portal.seams.clock",
        "'''time.time() and import random'''",
    ],
)
def test_what_only_looks_like_it_is_no_breach(text):
    assert list(real_world("portal/x.py", text)) == []


# Paths


def operation_paths() -> list[str]:
    paths = []
    for module in pkgutil.iter_modules(portal.wire.__path__):
        for value in vars(importlib.import_module(f"portal.wire.{module.name}")).values():
            if isinstance(value, Operation):
                paths.append(value.path)
            elif hasattr(value, "cache_info"):
                paths.append(value(System.PORTAL).path)
    return paths


PATTERNS = spelled_prefixes(operation_paths())


def test_no_other_file_spells_an_operations_path():
    assert len(PATTERNS) > 20
    found = [
        breach
        for path in tracked(".py")
        if not path.startswith("portal/wire/")
        for breach in spelled_paths(path, text_of(path), PATTERNS)
    ] + [
        breach
        for path in tracked(".html", ".js", ".toml")
        for breach in spelled_paths_in_page(path, text_of(path), PATTERNS)
    ]
    assert not found, told(found)


@pytest.mark.parametrize(
    "text",
    [
        'client.get("/api/account")',
        'f"/api/records/requests/{key}/read"',
        'x = "/crl/user-authentication"',
        'url = "http://127.0.0.1:8000/api/sign-in?x=1"',
        'f"{host}/api/mails/{mail}"',
        'ROUTES = {"/jtk/holders": 1}',
    ],
)
def test_a_spelled_path_is_found(text):
    assert len(list(spelled_paths("load/x.py", text, PATTERNS))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"""See /api/account."""',
        'def f():\n    "/api/account"',
        'page("/records/new")',
        'x = "/api/accountant"',
        'x = "/health"',
        'x = "application/json"',
    ],
)
def test_what_is_no_operations_path_is_no_breach(text):
    assert list(spelled_paths("load/x.py", text, PATTERNS)) == []


def test_a_path_spelled_in_a_page_is_found():
    page = '<form action="/sign-in">\n<script>fetch("/api/account")</script>\n<a href=\'/crl/x\'>'
    assert [breach.line for breach in spelled_paths_in_page("x.html", page, PATTERNS)] == [2, 3]


# Names


def test_every_file_says_what_is_in_it():
    found = [breach for path in tracked("") for breach in empty_names(path)]
    assert not found, told(found)


@pytest.mark.parametrize("path", ["portal/utils.py", "sim/helpers/x.py", "load/misc.py", "cards/manager.pyi"])
def test_an_empty_name_is_found(path):
    assert list(empty_names(path)) != []
    assert list(empty_names("portal/store/store.py")) == []


def test_a_breach_says_where_it_is():
    assert str(Breach("portal/x.py", 3, "spells a path")) == "portal/x.py:3: spells a path"
