"""The rules of the house, each a function from a file's path and text to what breaks it there."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
OURS = ("portal", "sim", "cards", "scenarios", "load", "mynasim")


class Breach(NamedTuple):
    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def tracked(*endings: str) -> list[str]:
    """Files of the product that git knows, by their ending."""
    listed = subprocess.run(
        ["git", "ls-files", *OURS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [path for path in listed if path.endswith(endings) and (ROOT / path).exists()]


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


# Imports go one way


def module_of(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Import(NamedTuple):
    line: int
    name: str
    """The whole name of what is imported: a module, or something in one."""
    lazy: bool


def imports_of(path: str, text: str) -> list[Import]:
    """All imports of a file, also those in functions; relative ones by their whole name."""
    package = module_of(path) if path.endswith("__init__.py") else module_of(path).rpartition(".")[0]
    found: list[Import] = []

    def visit(node: ast.AST, lazy: bool) -> None:
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.Import():
                    found.extend(Import(child.lineno, alias.name, lazy) for alias in child.names)
                case ast.ImportFrom():
                    base = child.module or ""
                    if child.level:
                        above = package.split(".")[: len(package.split(".")) - child.level + 1]
                        base = ".".join([*above, base] if base else above)
                    found.extend(Import(child.lineno, f"{base}.{alias.name}", lazy) for alias in child.names)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                    visit(child, True)
                case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                    visit(child, True)
                case _:
                    visit(child, lazy)

    visit(ast.parse(text), False)
    return found


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


GROUND_FLOOR = (
    "portal.wire", "portal.links", "portal.serving", "portal.store", "portal.seams", "portal.refusal",
)  # fmt: skip
THE_LOOK = ("portal.web.design", "portal.web.addresses", "portal.web.templating")
"""How pages look: it knows nothing else of the portal, so that simulators can have pages of the same look."""

MAY_IMPORT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("portal.wire", ("portal.wire",)),
    ("portal.links", GROUND_FLOOR),
    ("portal.serving", GROUND_FLOOR),
    ("portal.store", GROUND_FLOOR),
    ("portal.seams", GROUND_FLOOR),
    ("portal.refusal", GROUND_FLOOR),
    ("portal.web.design", (*GROUND_FLOOR, *THE_LOOK)),
    ("portal.web.addresses", (*GROUND_FLOOR, *THE_LOOK)),
    ("portal.web.templating", ()),
    ("portal", ("portal",)),
    ("cards", ("cards", "portal.wire")),
    ("sim.nation", ("sim.nation", "portal.wire")),
    ("sim.world", ("sim", "cards", "portal")),
    ("sim", ("sim", "cards", *GROUND_FLOOR, *THE_LOOK)),
    ("scenarios.years", ("scenarios", "sim", "cards", "portal", "load.report.chart")),
    ("scenarios", ("scenarios", "sim", "cards", "portal")),
    ("load", ("load", "sim", "cards", "portal")),
    ("mynasim", OURS),
)
"""What the modules of each part may import of ours; the first row that fits counts."""

SANS_IO = ("portal.wire", "sim.nation", "cards")
"""These do no I/O, so that Locust's gevent and a card without a reader can use them."""
WITH_IO = ("sim.nation.build", "cards.pcsc", "cards.vpcd")
IO = ("trio", "socket", "anyio", "asyncio", "select", "selectors")


def wrong_imports(path: str, text: str) -> Iterator[Breach]:
    module = module_of(path)
    allowed = next((may for part, may in MAY_IMPORT if within(module, part)), ())
    for line, name, _ in imports_of(path, text):
        if within(name, *OURS) and not within(name, *allowed):
            yield Breach(path, line, f"{module} may not import {name}")
        if within(name, *IO) and within(module, *SANS_IO) and not within(module, *WITH_IO):
            yield Breach(path, line, f"{module} does no I/O and may not import {name}")
        if within(name, "trio") and within(module, "load"):
            yield Breach(path, line, f"{module} runs under gevent and may not import {name}")


def eager_imports(files: dict[str, str]) -> Iterator[Breach]:
    """What starting the command line would import before it knows which command: nothing of ours but itself."""
    modules = {module_of(path): path for path in files}
    waiting, seen = ["mynasim", "mynasim.__main__"], set()
    while waiting:
        module = waiting.pop()
        if module in seen or module not in modules:
            continue
        seen.add(module)
        path = modules[module]
        for line, name, lazy in imports_of(path, files[path]):
            if lazy:
                continue
            if within(name, "mynasim"):
                waiting += [name, name.rpartition(".")[0]]
            elif within(name, *OURS):
                yield Breach(path, line, f"the command line imports {name} before it is needed")


# The real clock and real chance

REAL_MODULES = ("time", "random", "secrets", "uuid", "threading", "_thread", "concurrent", "multiprocessing")
REAL_NAMES = (
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "os.urandom", "os.getrandom", "os.times", "ssl.RAND_bytes", "gmpy2.random_state",
    "trio.to_thread", "trio.from_thread",
)  # fmt: skip
SEEDED = ("numpy.random.Generator", "numpy.random.SeedSequence", "numpy.random.PCG64", "numpy.random.Philox")
"""Chance that comes from a seed; ``default_rng`` too, when it is given one."""


def real_world(path: str, text: str) -> Iterator[Breach]:
    """Uses of the machine's clock, chance and threads; *what* is the whole name of what is used."""
    tree = ast.parse(text)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    known[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
                    if within(alias.name, *REAL_MODULES):
                        yield Breach(path, node.lineno, alias.name)
            case ast.ImportFrom() if not node.level:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    known[alias.asname or alias.name] = whole
                    if within(whole, *REAL_MODULES, *REAL_NAMES):
                        yield Breach(path, node.lineno, whole)
    seeded = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func, known) == "numpy.random.default_rng" and node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in seeded:
            name = dotted(node, known)
            if name in REAL_NAMES or (name.startswith("numpy.random.") and not within(name, *SEEDED)):
                yield Breach(path, node.lineno, name)


def dotted(node: ast.expr, known: dict[str, str]) -> str:
    """``a.b.c`` with *a* by its whole name, or nothing."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute):
        before = dotted(node.value, known)
        return f"{before}.{node.attr}" if before else ""
    return ""


# Nobody else spells a path


def spelled_prefixes(paths: list[str]) -> list[re.Pattern[str]]:
    """What a spelled-out path of two segments or more would look like at the start of a string or behind a host."""
    patterns = []
    for path in sorted({p for p in paths if p.count("/") >= 2}):
        fixed, field, _ = path.partition("{")
        patterns.append(
            re.compile(rf"(?:[a-z]+://[^/]*)?{re.escape(fixed)}" + ("" if field else r"(?=[/?#]|\Z)"))
        )
    return patterns


def spelled_paths(path: str, text: str, patterns: list[re.Pattern[str]]) -> Iterator[Breach]:
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            for pattern in patterns:
                if pattern.match(node.value):
                    yield Breach(path, node.lineno, f"spells a path: {node.value!r}")
                    break


def spelled_paths_in_page(path: str, text: str, patterns: list[re.Pattern[str]]) -> Iterator[Breach]:
    """In templates, scripts and settings: anything in quotes."""
    for number, line in enumerate(text.splitlines(), 1):
        for quoted in re.findall(r"""["'`]([^"'`]*)["'`]""", line):
            if any(pattern.match(quoted) for pattern in patterns):
                yield Breach(path, number, f"spells a path: {quoted!r}")


# Names

NO_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "stuff", "base"}


def empty_names(path: str) -> Iterator[Breach]:
    for part in PurePosixPath(path).parts:
        if part.partition(".")[0] in NO_NAMES:
            yield Breach(path, 0, f"{part} says nothing of what is in it")
