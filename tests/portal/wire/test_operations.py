"""What holds for every declared operation, and that its messages come through as they were sent."""

import importlib
import json
import pkgutil
import re
from collections import Counter
from datetime import date, datetime

import msgspec
import pytest
from declared import OPERATIONS
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import portal.wire
from portal.links.credentials import SystemKeys
from portal.serving.dispatcher import Dispatcher
from portal.wire.moments import JST
from portal.wire.operation import JSON, Message, Method, Nothing, WireRequest, encode_problem
from portal.wire.problems import TABLE, Problem, ProblemCode, problem
from portal.wire.systems import JAPANESE_NAMES, WORLD_SYSTEMS, Party, System

EACH = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: f"{operation.name}@{operation.system}"
)


# Declarations


def test_they_are_found():
    names = {operation.name for operation in OPERATIONS}
    assert len(names) > 40
    assert {"sign_in", "records.request", "jpki.ocsp", "portal.health", "front.api_document"} <= names


def test_a_name_belongs_to_one_operation():
    assert [name for name, count in Counter(op.name for op in OPERATIONS).items() if count > 1] == []


def test_a_method_and_path_belong_to_one_operation_of_a_system():
    places = Counter((op.system, op.method, re.sub(r"\{\w+\}", "{}", op.path)) for op in OPERATIONS)
    assert [place for place, count in places.items() if count > 1] == []


def test_no_path_hides_another():
    for operation in OPERATIONS:
        for other in OPERATIONS:
            if operation is not other and (operation.system, operation.method) == (
                other.system,
                other.method,
            ):
                assert not operation.path_pattern.match(other.path.replace("{", "").replace("}", "")), (
                    operation, other,
                )  # fmt: skip


def test_each_modules_tuple_holds_all_that_it_declares():
    for module in pkgutil.iter_modules(portal.wire.__path__):
        names = vars(importlib.import_module(f"portal.wire.{module.name}"))
        if "OPERATIONS" in names:
            own = [op for name, op in names.items() if name.isupper() and op in OPERATIONS]
            assert list(names["OPERATIONS"]) == own, module.name


@EACH
def test_a_declaration_says_all(operation):
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", operation.name)
    assert re.fullmatch(r"(/([a-z0-9.-]+|\{[a-z_]+\}))+", operation.path)
    assert operation.summary
    assert operation.callers
    assert operation.status in (200, 201, 202)
    assert all(TABLE[code] for code in operation.problems)
    assert len(set(operation.problems)) == len(operation.problems)
    assert all(re.fullmatch(r"[A-Z]+-\d+", requirement) for requirement in operation.requirements)
    # Asking again is safe by nature; a change that is not says so, and is never retried.
    assert operation.repeatable or operation.method is Method.POST
    assert (
        repr(operation)
        == f"<Operation {operation.name}: {operation.method} {operation.system}{operation.path}>"
    )


@EACH
def test_a_request_refuses_what_it_does_not_know(operation):
    if operation.request_media == JSON:
        assert issubclass(operation.request, Message)
        assert operation.request.__struct_config__.forbid_unknown_fields
        assert operation.request.__struct_config__.frozen


def test_no_declared_pattern_lets_a_line_break_through():
    patterns = set()
    for operation in OPERATIONS:
        if operation.request_media == JSON:
            patterns |= set(_patterns(msgspec.inspect.type_info(operation.request)))
    assert patterns
    for pattern in patterns:
        sample = "a@b.example" if "@" in pattern else st.from_regex(pattern, fullmatch=True)
        if not isinstance(sample, str):
            # Any one will do: making it small takes longer than all the rest.
            sample = find(sample, lambda text: "\n" not in text, settings=settings(phases=[Phase.generate]))
        assert re.search(pattern, sample)
        assert not re.search(pattern, sample + "\n"), pattern


def _patterns(info):
    inspect = msgspec.inspect
    match info:
        case inspect.StrType():
            if info.pattern:
                yield info.pattern
        case inspect.StructType():
            for field in info.fields:
                yield from _patterns(field.type)
        case inspect.VarTupleType():
            yield from _patterns(info.item_type)
        case inspect.UnionType():
            for one in info.types:
                yield from _patterns(one)


# Round trips


def text_like(pattern: str, lengths: msgspec.Meta | None) -> st.SearchStrategy[str]:
    if "@" in pattern:
        return st.emails().filter(lambda address: re.search(pattern, address))
    if pattern:
        return st.from_regex(pattern, fullmatch=True)
    low = getattr(lengths, "min_length", None) or 0
    high = getattr(lengths, "max_length", None)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=low, max_size=min(high or 30, 60))


def values(info: msgspec.inspect.Type) -> st.SearchStrategy[object]:
    """Values of a declared type, within its limits."""
    inspect = msgspec.inspect
    match info:
        case inspect.StrType():
            return text_like(info.pattern or "", info)
        case inspect.BytesType():
            return st.binary(min_size=info.min_length or 0, max_size=min(info.max_length or 60, 60))
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            low = info.ge if info.ge is not None else -(2**53)
            return st.integers(low, info.le if info.le is not None else 2**53)
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.NoneType():
            return st.none()
        case inspect.DateTimeType():
            return st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(JST))
        case inspect.DateType():
            return st.dates(date(1900, 1, 1), date(2200, 1, 1))
        case inspect.EnumType():
            return st.sampled_from(list(info.cls))
        case inspect.LiteralType():
            return st.sampled_from(list(info.values))
        case inspect.UnionType():
            return st.one_of([values(one) for one in info.types])
        case inspect.VarTupleType():
            return st.lists(
                values(info.item_type), min_size=info.min_length or 0, max_size=min(info.max_length or 3, 3)
            ).map(tuple)
        case inspect.DictType():
            return st.dictionaries(values(info.key_type), values(info.value_type), max_size=3)
        case inspect.StructType():
            return st.builds(info.cls, **{field.name: values(field.type) for field in info.fields})
        case inspect.RawType():
            return st.just(msgspec.Raw(b'{"any":["thing"]}'))
        case _:
            raise NotImplementedError(info)


def messages(kind: type) -> st.SearchStrategy[object]:
    return values(msgspec.inspect.type_info(kind))


@EACH
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_request_arrives_as_it_was_sent(operation, data):
    """Through the route too: what the dispatcher finds in the path is what the caller put there."""
    request = data.draw(messages(operation.request))
    for field in operation.path_fields:
        if not getattr(request, field):
            # Nothing has no place in a path.
            request = msgspec.structs.replace(request, **{field: "x"})
    wire = operation.encode_request(request, "Bearer x")

    assert wire.authorization == "Bearer x"
    assert wire.target.isascii() and not re.search(r"[\s\x00-\x1f]", wire.target)
    found = operation.path_pattern.match(wire.path)
    assert found is not None
    dispatcher = Dispatcher(operation.system)
    guard = type("Everyone", (), {"admits": frozenset([*System, *Party])})()
    dispatcher.add(operation, guard, None)
    route = dispatcher.find(wire.method, wire.path)
    arrived = operation.decode_request(wire, route.path_fields)
    if len(wire.body) > operation.body_bytes_max:
        assert arrived.code is ProblemCode.TOO_LARGE
    else:
        assert arrived == request


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.body_fields],
    ids=lambda operation: f"{operation.name}@{operation.system}",
)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_key_that_stands_twice_is_named(operation, data):
    wire = operation.encode_request(data.draw(messages(operation.request)))
    content = json.loads(wire.body)
    key = data.draw(st.sampled_from(sorted(content)))
    again = f"{wire.body[:-1].decode()}, {json.dumps(key)}: {json.dumps(content[key])}}}".encode()
    path = dict.fromkeys(operation.path_fields, "x")
    if len(again) <= operation.body_bytes_max:
        refused = operation.decode_request(msgspec.structs.replace(wire, body=again), path)
        assert (refused.code, refused.field) == (ProblemCode.UNPROCESSABLE, f"$.{key}")


@EACH
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_answer_arrives_as_it_was_sent(operation, data):
    response = data.draw(messages(operation.response))
    wire = operation.encode_response(response)

    assert (wire.status, wire.content_type) == (operation.status, operation.response_media)
    arrived = operation.decode_response(wire)
    if operation.response is msgspec.Raw:
        assert bytes(arrived) == bytes(response)
    else:
        assert arrived == response


@EACH
@settings(max_examples=15, deadline=None)
@given(body=st.binary(max_size=60), query=st.text(st.characters(codec="ascii"), max_size=30))
def test_whatever_comes_is_a_request_or_a_problem(operation, body, query):
    wire = msgspec.structs.replace(
        operation.encode_request(b"" if operation.request is bytes else Nothing())
        if operation.request in (bytes, Nothing)
        else WireRequest(operation.method, operation.path),
        body=body, query=query, content_type=operation.request_media,
    )  # fmt: skip
    arrived = operation.decode_request(wire, dict.fromkeys(operation.path_fields, "x"))

    if isinstance(arrived, Problem):
        assert arrived.status in (400, 413, 415, 422)
    else:
        assert isinstance(arrived, operation.request)


# Problems


def test_the_table_of_problems_is_complete():
    assert set(TABLE) == set(ProblemCode)
    for code, (status, title) in TABLE.items():
        assert status in (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503), code
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", title), code
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)


@pytest.mark.parametrize("code", ProblemCode)
@pytest.mark.parametrize("field", [None, "$.end"])
def test_a_problem_crosses_as_it_is(code, field):
    sent = problem(code, "直してください。", field=field)
    wire = encode_problem(sent)

    assert wire.content_type == "application/problem+json"
    content = msgspec.json.decode(wire.body)
    assert content["type"] == f"/problems/{code}"
    assert ("field" in content) == (field is not None)
    assert dict(wire.headers).get("retry-after") == ("2" if wire.status == 503 else None)
    assert dict(wire.headers).get("www-authenticate") == ("Bearer" if wire.status == 401 else None)
    assert OPERATIONS[0].decode_response(wire) == sent


def test_every_system_has_a_japanese_name():
    assert set(JAPANESE_NAMES) == set(System)
    assert set(WORLD_SYSTEMS) == set(System) - {System.PORTAL}
    assert not set(System) & set(Party)


def test_every_caller_can_prove_itself_or_needs_no_proof():
    known = {SystemKeys(b"").caller(header) for header in SystemKeys(b"")._callers}
    for operation in OPERATIONS:
        assert operation.callers <= known | {Party.ANYONE, Party.CITIZEN}
