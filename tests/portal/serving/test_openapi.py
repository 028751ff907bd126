"""The document of a system is valid OpenAPI 3.1, and says what its operations do."""

import re
from typing import Any

import msgspec
import pytest
from made_up import make

from portal.seams.clock import LiveClock
from portal.serving.about import openapi
from portal.serving.dispatcher import Route
from portal.wire.operation import JSON, PROBLEM_JSON, Done, Message, Method, Operation, WireRequest
from portal.wire.problems import TABLE, ProblemCode
from portal.wire.systems import Party, System


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made_up = make(LiveClock())
    return msgspec.json.decode(msgspec.json.encode(openapi(System.FRONT, made_up.dispatcher.routes)))


def nodes(value, path=()):
    yield path, value
    if isinstance(value, dict):
        for key, below in value.items():
            yield from nodes(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from nodes(below, (*path, index))


def resolve(document, reference):
    assert reference.startswith("#/")
    found = document
    for part in reference[2:].split("/"):
        found = found[part]
    return found


def check_openapi(document) -> None:
    """The rules of OpenAPI 3.1.0 that a document like ours could break."""
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])
    assert set(document) <= {"openapi", "info", "paths", "components", "servers", "tags", "security"}
    names = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(names) == len(set(names))
    for key in document["components"]["schemas"]:
        assert re.fullmatch(r"[a-zA-Z0-9._-]+", key)
    for path, item in document["paths"].items():
        assert path.startswith("/")
        assert set(item) <= {"get", "put", "post", "delete"}
        for method, operation in item.items():
            allowed = {"operationId", "summary", "description", "tags", "parameters", "requestBody", "responses", "security"}  # fmt: skip
            assert all(key in allowed or key.startswith("x-") for key in operation)
            parameters = operation.get("parameters", [])
            assert {p["name"] for p in parameters if p["in"] == "path"} == set(re.findall(r"\{(\w+)\}", path))
            assert len({(p["name"], p["in"]) for p in parameters}) == len(parameters)
            for parameter in parameters:
                assert set(parameter) == {"name", "in", "required", "schema"}
                assert parameter["in"] in ("path", "query")
                assert parameter["required"] is True or parameter["in"] == "query"
            assert method in ("post", "put") or "requestBody" not in operation
            assert operation["responses"]
            for status, response in operation["responses"].items():
                assert re.fullmatch(r"[1-5]\d\d", status)
                assert response["description"]
                assert set(response) <= {"description", "content", "headers"}
            for requirement in operation.get("security", []):
                assert set(requirement) <= set(document["components"]["securitySchemes"])
    for path, node in nodes(document):
        if isinstance(node, dict) and "$ref" in node:
            assert resolve(document, node["$ref"]), path
        if isinstance(node, dict) and "content" in node and path[0] == "paths":
            for media in node["content"].values():
                assert set(media) == {"schema"}


def test_it_is_openapi(document):
    check_openapi(document)


@pytest.mark.parametrize(
    "breakage",
    [
        lambda d: d["components"]["schemas"].pop("Problem"),
        lambda d: d["paths"]["/kept"]["post"].pop("operationId"),
        lambda d: d["paths"]["/greetings/{name}"]["get"]["parameters"].pop(0),
        lambda d: d["components"]["securitySchemes"].pop("system"),
    ],
)
def test_the_check_finds_what_is_wrong(document, breakage):
    broken = msgspec.json.decode(msgspec.json.encode(document))
    breakage(broken)
    with pytest.raises((AssertionError, KeyError)):
        check_openapi(broken)


def test_every_operation_is_in_it_with_its_problems(document):
    for route in make(LiveClock()).dispatcher.routes:
        operation = route.operation
        entry = document["paths"][operation.path][operation.method.lower()]
        assert (entry["operationId"], entry["summary"]) == (operation.name, operation.summary)
        assert entry["x-repeatable"] is operation.repeatable
        assert set(entry["x-callers"]) == set(operation.callers)
        for code in (*operation.problems, ProblemCode.OVERLOADED, ProblemCode.INTERNAL):
            response = entry["responses"][str(TABLE[code][0])]
            assert code in response["description"]
            assert list(response["content"]) == [PROBLEM_JSON]


def test_where_each_field_stands(document):
    greet = document["paths"]["/greetings/{name}"]["get"]["parameters"]
    assert [(p["name"], p["in"], p["required"]) for p in greet] == [
        ("name", "path", True),
        ("times", "query", False),
        ("loud", "query", False),
    ]
    assert greet[1]["schema"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 1}
    change = document["paths"]["/kept/{name}/colour"]["put"]["requestBody"]["content"][JSON]["schema"]
    assert list(change["properties"]) == change["required"] == ["colour"]
    turn = document["paths"]["/turned"]["post"]
    assert list(turn["requestBody"]["content"]) == ["application/octet-stream"]
    assert "requestBody" not in document["paths"]["/pings"]["post"]
    assert document["paths"]["/peers"]["get"]["security"] == [{"system": []}]
    assert {"401", "403"} <= set(document["paths"]["/peers"]["get"]["responses"])


def test_requests_of_the_same_name_in_two_modules_do_not_meet():
    def request(module: str, field: str) -> type[Message]:
        return msgspec.defstruct("Ask", [(field, str)], bases=(Message,), frozen=True, module=module)

    operations = [
        Operation(
            f"made.{field}", System.FRONT, Method.GET, f"/{field}/{{{field}}}", request(module, field), Done,
            callers=[Party.ANYONE], repeatable=True, summary="尋ねる",
        )
        for module, field in (("one.place", "first"), ("other.place", "second"))
    ]  # fmt: skip
    check_openapi(openapi(System.FRONT, [Route(operation, None, None) for operation in operations]))


async def test_it_is_served_and_health_too():
    dispatcher = make(LiveClock()).dispatcher

    served = await dispatcher.answer(WireRequest("GET", "/openapi.json"))
    assert (served.status, served.content_type) == (200, JSON)
    document = msgspec.json.decode(served.body)
    check_openapi(document)
    assert {"/health", "/openapi.json"} <= set(document["paths"])

    health = msgspec.json.decode((await dispatcher.answer(WireRequest("GET", "/health"))).body)
    assert (health["system"], health["status"]) == ("front", "up")
