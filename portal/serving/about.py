"""What every system serves of itself: its health and its API document, read off its routes."""

from functools import cache
from typing import Any

import msgspec

from portal.seams.clock import Clock
from portal.serving.dispatcher import Dispatcher, Route
from portal.serving.guards import Open, Stranger
from portal.wire.about import Health, api_document, health
from portal.wire.moments import to_utc
from portal.wire.operation import JSON, PROBLEM_JSON, Nothing
from portal.wire.problems import TABLE, Problem, ProblemCode
from portal.wire.systems import JAPANESE_NAMES, Party, System

_ALWAYS = (ProblemCode.OVERLOADED, ProblemCode.INTERNAL)
_WITH_CONTENT = (ProblemCode.MALFORMED, ProblemCode.UNPROCESSABLE)
_WITH_BODY = (ProblemCode.TOO_LARGE, ProblemCode.UNSUPPORTED_MEDIA)
_WITH_CREDENTIALS = (ProblemCode.NOT_SIGNED_IN, ProblemCode.FORBIDDEN)


def serve_about(dispatcher: Dispatcher, clock: Clock) -> None:
    """Add the operations that every system has; call it when all others are added."""
    system = dispatcher.system

    async def answer_health(_: Nothing, __: Stranger) -> Health:
        return Health(system, "up", to_utc(clock.now_ms()).isoformat())

    @cache
    def document() -> msgspec.Raw:
        # Made when somebody asks for it: most processes are never asked, and it takes longer than a start.
        return msgspec.Raw(msgspec.json.encode(openapi(system, dispatcher.routes)))

    async def answer_document(_: Nothing, __: Stranger) -> msgspec.Raw:
        return document()

    dispatcher.add(health(system), Open(), answer_health)
    dispatcher.add(api_document(system), Open(), answer_document)


def _problem_codes(route: Route) -> list[ProblemCode]:
    operation = route.operation
    codes = [*_ALWAYS, *operation.problems]
    if operation.request is not Nothing:
        codes += _WITH_CONTENT
    if operation.body_fields or operation.request_media != JSON:
        codes += _WITH_BODY
    if Party.ANYONE not in operation.callers:
        codes += _WITH_CREDENTIALS
    return sorted(set(codes), key=lambda code: (TABLE[code][0], code))


def _responses(route: Route, schema: dict[str, Any]) -> dict[str, Any]:
    operation = route.operation
    responses: dict[str, Any] = {
        str(operation.status): {
            "description": operation.summary,
            "content": {operation.response_media: {"schema": schema}},
        }
    }
    by_status: dict[int, list[ProblemCode]] = {}
    for code in _problem_codes(route):
        by_status.setdefault(TABLE[code][0], []).append(code)
    for status, codes in by_status.items():
        responses[str(status)] = {
            "description": "、".join(f"{code}: {TABLE[code][1]}" for code in codes),
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses


def _without(schema: dict[str, Any], kept: tuple[str, ...]) -> dict[str, Any]:
    """The same object schema with only these properties."""
    properties = {name: value for name, value in schema.get("properties", {}).items() if name in kept}
    required = [name for name in schema.get("required", ()) if name in kept]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def openapi(system: System, routes: list[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a system, from the declarations of its operations."""
    types: list[Any] = [Problem]
    for route in routes:
        operation = route.operation
        types += [t for t in (operation.request, operation.response) if t not in (bytes, msgspec.Raw)]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    of_type = dict(zip(types, schemas, strict=True))
    binary = {"type": "string", "format": "binary"}
    paths: dict[str, Any] = {}
    for route in routes:
        operation = route.operation
        request_schema = of_type.get(operation.request, binary)
        # By its reference, not its name: types of one name in two modules have longer ones here.
        full = components.get(request_schema.get("$ref", "").rpartition("/")[2], {"properties": {}})
        properties, required = full.get("properties", {}), full.get("required", [])
        entry: dict[str, Any] = {
            "operationId": operation.name,
            "summary": operation.summary,
            "tags": sorted(operation.requirements) or ["運用"],
            "x-callers": sorted(operation.callers),
            "x-repeatable": operation.repeatable,
            "responses": _responses(
                route, {} if operation.response is msgspec.Raw else of_type.get(operation.response, binary)
            ),
        }
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": properties[name]}
            for name in operation.path_fields
        ] + [
            {"name": name, "in": "query", "required": name in required, "schema": properties[name]}
            for name in operation.query_fields
        ]
        if parameters:
            entry["parameters"] = parameters
        if operation.body_fields or operation.request_media != JSON:
            if operation.path_fields:
                request_schema = _without(full, operation.body_fields)
            entry["requestBody"] = {
                "required": True,
                "content": {operation.request_media: {"schema": request_schema}},
            }
        if Party.CITIZEN in operation.callers:
            entry["security"] = [{"session": []}]
        elif Party.ANYONE not in operation.callers:
            entry["security"] = [{"system": []}]
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{JAPANESE_NAMES[system]}（模擬）",
            "version": "1",
            "description": "模擬システムです。実在のシステムではありません。",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "http", "scheme": "bearer"},
                "system": {"type": "apiKey", "in": "header", "name": "Authorization"},
            },
        },
    }
