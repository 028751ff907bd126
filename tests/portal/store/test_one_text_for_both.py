"""Every statement of the portal is taken by both twins, and does the same in both."""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Sequence
from types import ModuleType, UnionType

import pytest

import portal
from portal.app import SCHEMAS
from portal.store.postgres import open_postgres
from portal.store.postgres_sql import held, schema_statements, statement
from portal.store.sqlite import SimulatedStore
from portal.store.store import Op, Query


def _modules() -> list[ModuleType]:
    """The portal's modules that have statements."""
    names = [name for _, name, _ in pkgutil.walk_packages(portal.__path__, "portal.")]
    return [
        importlib.import_module(name)
        for name in names
        if name.endswith(".tables") or name in ("portal.store.outbox", "portal.store.claims")
    ]


def _sample(kind: object) -> object:
    """A value of this type; enums have several, the last is as good as any."""
    if isinstance(kind, UnionType) or typing.get_origin(kind) is typing.Union:
        return _sample(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (Sequence, tuple, list):
        return (_sample(typing.get_args(kind)[0]),)
    assert isinstance(kind, type), kind
    if hasattr(kind, "__members__"):
        return list(kind)[-1]
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        return kind(*(_sample(hints[field]) for field in kind._fields))
    return {str: "a", int: 7, bool: True, bytes: b"\x00\xff"}[kind]


def _ops() -> list[tuple[str, Op]]:
    found = []
    for module in _modules():
        for name, make in inspect.getmembers(module, inspect.isfunction):
            hints = typing.get_type_hints(make)
            if make.__module__ == module.__name__ and hints.pop("return", None) in (Op, list[Op]):
                made = make(**{argument: _sample(hint) for argument, hint in hints.items()})
                ops = [made] if isinstance(made, Op) else made
                found += [(f"{module.__name__}.{name} {number}", op) for number, op in enumerate(ops)]
    return found


def _queries() -> list[tuple[str, Query[object]]]:
    return [
        (f"{module.__name__}.{name}", query)
        for module in _modules()
        for name, value in inspect.getmembers(module)
        for query in (value.values() if isinstance(value, dict) else [value])
        if isinstance(query, Query)
    ]


def test_there_are_as_many_as_there_should_be():
    """The walk finds what it is for."""
    assert len(_ops()) >= 25
    assert len(_queries()) >= 14
    assert len({query.sql for _, query in _queries()}) >= 14


@pytest.mark.real_client("PostgreSQL")
async def test_every_statement_of_the_portal_does_the_same_in_both(postgres_url):
    simulated = SimulatedStore(SCHEMAS)
    async with open_postgres(postgres_url, SCHEMAS) as store:
        # Twice: what is there by then answers differently.
        for _ in range(2):
            for name, op in _ops():
                outcomes = [await twin.write([op._replace(changes=1)]) for twin in (simulated, store)]
                assert outcomes[0] == outcomes[1], name
                outcomes = [await twin.write([op]) for twin in (simulated, store)]
                assert outcomes[0] == outcomes[1], name
                for query_name, query in _queries():
                    params = {named: _value(named) for named in statement(query.sql).names}
                    rows = [await twin.read(query, params) for twin in (simulated, store)]
                    assert rows[0] == rows[1], (name, query_name)
                    assert [_types(row) for row in rows[0]] == [_types(row) for row in rows[1]]
    simulated.close()


def _types(row: object) -> list[type]:
    """Of a row's values; a query for one number answers with the number itself."""
    return [type(each) for each in row] if isinstance(row, tuple) else [type(row)]


def _value(name: str) -> object:
    if name == "token_hash":
        return b"\x00\xff"
    if name in (
        "now",
        "until",
        "most",
        "number",
        "before",
        "place",
        "batch",
        "since",
        "after",
        "position",
        "skipped",
    ):
        return 7
    return 7 if name in ("start", "end", "before_ms") else "a"


@pytest.mark.parametrize(
    ("sql", "said", "names"),
    [
        ("SELECT a FROM t WHERE b = :b", "SELECT a FROM t WHERE b = $1", ("b",)),
        ("a = :x AND b = :y AND c = :x", "a = $1 AND b = $2 AND c = $1", ("x", "y")),
        ("a = ':b' AND c = \"d:e\" -- :f\n/* :g */", "a = ':b' AND c = \"d:e\" -- :f\n/* :g */", ()),
        ("a = 'it''s :b' AND c = :c", "a = 'it''s :b' AND c = $1", ("c",)),
        ("a::text = :a", "a::text = $1", ("a",)),
        ("SELECT 1 /* postgresql: FOR UPDATE */", "SELECT 1  FOR UPDATE ", ()),
        ("a /* postgresql: = :a */ b = :b", "a  = $1  b = $2", ("a", "b")),
    ],
)
def test_parameters_become_numbers_where_they_are_parameters(sql, said, names):
    assert statement(sql) == (said, names)


def test_types_of_columns_become_those_of_the_server():
    assert schema_statements("CREATE TABLE t (a TEXT, b INTEGER, c BLOB); CREATE INDEX i ON t (a)") == [
        'CREATE TABLE t (a TEXT COLLATE "C", b BIGINT, c BYTEA)',
        " CREATE INDEX i ON t (a)",
    ]


def test_a_counted_statement_has_its_count_as_the_last_parameter():
    sql, names = held(statement("DELETE FROM t WHERE a = :a"))

    assert "DELETE FROM t WHERE a = $1 RETURNING 1" in sql
    assert "count(*) = $2" in sql
    assert names == ("a",)
