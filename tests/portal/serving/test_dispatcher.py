"""From a request's bytes to its answer's bytes, without sockets."""

import json

import made_up
import pytest
import structlog.testing
import trio
import trio.testing
from made_up import CHANGE, FROM_JPKI, FROM_PORTAL, GREET, KEEP, make

from portal.links.credentials import SystemKeys
from portal.seams.clock import LiveClock
from portal.serving.dispatcher import Dispatcher, Found
from portal.serving.guards import Open, Peers
from portal.wire.operation import JSON, PROBLEM_JSON, Nothing, WireRequest
from portal.wire.problems import RETRY_AFTER_SECONDS, TABLE, Problem, ProblemCode, problem
from portal.wire.systems import System


@pytest.fixture
def dispatcher():
    return make(LiveClock()).dispatcher


async def ask(dispatcher, method, target, body=b"", *, media=JSON, authorization=""):
    path, _, query = target.partition("?")
    return await dispatcher.answer(
        WireRequest(method, path, query, authorization, media if body else "", body)
    )


def problem_in(response):
    found = json.loads(response.body)
    status, title = TABLE[ProblemCode(found["code"])]
    assert response.content_type == PROBLEM_JSON
    assert (response.status, found["status"], found["title"]) == (status, status, title)
    assert found["detail"]
    retry = dict(response.headers).get("retry-after")
    assert retry == (str(RETRY_AFTER_SECONDS) if status == 503 else None)
    return found["code"], found.get("field")


async def test_an_operation_answers(dispatcher):
    response = await ask(dispatcher, "POST", "/kept", b'{"name":"cup","colours":[{"red":7}]}')

    assert (response.status, response.content_type) == (201, JSON)
    assert json.loads(response.body) == {"name": "cup", "colours": [{"red": 7}]}


async def test_query_fields_become_what_they_are_declared(dispatcher):
    response = await ask(dispatcher, "GET", "/greetings/a?times=2&loud=true")

    assert json.loads(response.body) == {"text": "こんにちは a、こんにちは a！"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("%E5%B1%B1%E7%94%B0", "山田"),
        ("a%2Fb", "a/b"),
        ("%3Fx%3D1", "?x=1"),
        ("a+b", "a+b"),
        ("%2e%2e", ".."),
        ("%7Bname%7D", "{name}"),
    ],
)
async def test_path_fields_are_percent_decoded_once(dispatcher, given, expected):
    response = await ask(dispatcher, "GET", f"/greetings/{given}")

    assert json.loads(response.body) == {"text": f"こんにちは {expected}"}


async def test_path_fields_cross_as_they_are(dispatcher):
    for name in ("山田 太郎", "a/b?c#d&e=f%20", "{name}", "..", "+", "'\"<>"):
        wire = GREET.encode_request(made_up.Greet(name, times=2))
        response = await dispatcher.answer(wire)

        assert GREET.decode_response(response) == made_up.Greeting(f"こんにちは {name}、こんにちは {name}")


@pytest.mark.parametrize(
    "path", ["/", "", "/nothing", "/kept/", "/greetings/", "/greetings/a/b", "//kept", "*"]
)
async def test_nothing_there(dispatcher, path):
    assert problem_in(await ask(dispatcher, "GET", path)) == ("not-found", None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/kept", "GET, POST"),
        ("POST", "/greetings/a", "GET"),
        ("GET", "/kept/a/colour", "PUT"),
        ("BREW", "/pings", "POST"),
    ],
)
async def test_another_method_is_told_which_ones_there_are(dispatcher, method, path, allowed):
    response = await ask(dispatcher, method, path)

    assert problem_in(response) == ("method-not-allowed", None)
    assert dict(response.headers)["allow"] == allowed
    assert "、".join(allowed.split(", ")) in json.loads(response.body)["detail"]


@pytest.mark.parametrize(
    ("method", "target", "body", "code", "field"),
    [
        ("POST", "/kept", b"", "unsupported-media", None),
        ("POST", "/kept", b"{", "malformed", None),
        ("POST", "/kept", b'{"name":"a"}}', "malformed", None),
        ("POST", "/kept", b'{"name":"\xff"}', "malformed", None),
        ("POST", "/kept", b'{"name":"\\ud800"}', "malformed", None),
        ("POST", "/kept", b'{"name":NaN}', "malformed", None),
        ("POST", "/kept", b"[]", "unprocessable", "$"),
        ("POST", "/kept", b"null", "unprocessable", "$"),
        ("POST", "/kept", b"{}", "unprocessable", "$"),
        ("POST", "/kept", b'{"name":3}', "unprocessable", "$.name"),
        ("POST", "/kept", b'{"name":""}', "unprocessable", "$.name"),
        ("POST", "/kept", b'{"name":"12345678901"}', "unprocessable", "$.name"),
        ("POST", "/kept", b'{"name":"a","more":1}', "unprocessable", "$"),
        ("POST", "/kept", b'{"name":"a","colours":[{"red":1},{"red":256}]}', "unprocessable", "$.colours[1].red"),
        ("POST", "/kept", b'{"name":"a","colours":[{"red":1,"blue":2}]}', "unprocessable", "$.colours[0]"),
        ("POST", "/kept", b'{"name":"taken"}', "conflict", None),
        ("PUT", "/kept/a/colour", b'{"colour":{"red":-1}}', "unprocessable", "$.colour.red"),
        ("PUT", "/kept/a/colour", b'{"colour":{"red":1},"name":"b"}', "unprocessable", "$.name"),
        ("PUT", "/kept/a/colour", b'{"colour":{"red":1},"more":1}', "unprocessable", "$"),
        ("PUT", "/kept/a/colour", b'{"colour":{"red":"1"}}', "unprocessable", "$.colour.red"),
        ("PUT", "/kept/" + "a" * 41 + "/colour", b'{"colour":{"red":1}}', "unprocessable", "$.name"),
        ("PUT", "/kept/a/colour", b'{"\xff":1}', "malformed", None),
        ("PUT", "/kept/a/colour", b"[1]", "unprocessable", "$"),
        ("POST", "/pings", b'{"more":1}', "unprocessable", "$.more"),
        ("POST", "/pings", b"{", "malformed", None),
        ("GET", "/greetings/a?times=0", b"", "unprocessable", "$.times"),
        ("GET", "/greetings/a?times=two", b"", "unprocessable", "$.times"),
        ("GET", "/greetings/a?loud=perhaps", b"", "unprocessable", "$.loud"),
        ("GET", "/greetings/a?times=1&times=2", b"", "unprocessable", "$.times"),
        ("GET", "/greetings/a?name=b", b"", "unprocessable", "$.name"),
        ("GET", "/greetings/a?more=1", b"", "unprocessable", "$"),
        ("GET", "/greetings/a?times", b"", "malformed", None),
        ("GET", "/greetings/a?times=%ff", b"", "malformed", None),
        ("GET", "/greetings/a?" + "&".join(f"f{n}=1" for n in range(50)), b"", "malformed", None),
        ("GET", "/kept?more=1", b"", "unprocessable", "$"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_with_its_place(dispatcher, method, target, body, code, field):
    assert problem_in(await ask(dispatcher, method, target, body)) == (code, field)


@pytest.mark.parametrize("path", ["/kept", "/kept/a/colour", "/pings"])
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"name":[', b'{"colour":{"red":['])
async def test_deep_json_is_refused(dispatcher, path, opening):
    method = "PUT" if path.endswith("colour") else "POST"
    response = await ask(dispatcher, method, path, opening * (60_000 // len(opening)))

    assert response.status in (400, 422)
    problem_in(response)


@pytest.mark.parametrize(
    "media",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"],
)
async def test_another_form_of_content_is_refused(dispatcher, media):
    for target in ("/kept", "/turned"):
        response = await ask(dispatcher, "POST", target, b'{"name":"a"}', media=media)
        assert problem_in(response) == ("unsupported-media", None)


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"]
)
async def test_json_by_any_of_its_spellings_is_taken(dispatcher, media):
    assert (await ask(dispatcher, "POST", "/kept", b'{"name":"a"}', media=media)).status == 201


async def test_too_much_is_refused_by_each_operations_own_limit(dispatcher):
    assert problem_in(await ask(dispatcher, "POST", "/kept", b" " * 65_537)) == ("too-large", None)
    binary = "application/octet-stream"
    assert (await ask(dispatcher, "POST", "/turned", b"a" * 1_000_000, media=binary)).status == 200
    assert problem_in(await ask(dispatcher, "POST", "/turned", b"a" * 1_000_001, media=binary)) == (
        "too-large",
        None,
    )


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (FROM_PORTAL, 200),
        (FROM_JPKI, "forbidden"),
        ("", "not-signed-in"),
        (FROM_PORTAL + "0", "not-signed-in"),
        (FROM_PORTAL.lower(), "not-signed-in"),
        (FROM_PORTAL.replace("portal", "jpki"), "not-signed-in"),
        ("Bearer x", "not-signed-in"),
    ],
)
async def test_a_guard_decides_who_may_call(dispatcher, authorization, expected):
    response = await ask(dispatcher, "GET", "/peers", authorization=authorization)

    if expected == 200:
        assert response.status == 200
    else:
        assert problem_in(response) == (expected, None)


async def test_who_may_not_call_learns_nothing_of_the_content(dispatcher):
    assert problem_in(await ask(dispatcher, "GET", "/peers?more=1")) == ("not-signed-in", None)


async def test_an_accident_is_logged_and_answered_without_its_details(dispatcher):
    with structlog.testing.capture_logs() as logs:
        response = await ask(dispatcher, "GET", "/failures?how=accident")

    assert problem_in(response) == ("internal", None)
    assert b"secret detail" not in response.body
    (entry,) = logs
    assert (entry["event"], entry["operation"], entry["exc_info"]) == (
        "operation_failed",
        "made_up.fail",
        True,
    )


async def test_a_store_that_refuses_is_no_success(dispatcher):
    with structlog.testing.capture_logs() as logs:
        assert problem_in(await ask(dispatcher, "GET", "/failures?how=storage")) == ("storage-refused", None)
    assert logs[0]["reason"] == "disk full"
    assert problem_in(await ask(dispatcher, "GET", "/failures?how=busy")) == ("overloaded", None)


async def test_more_than_the_limit_at_a_time_is_answered_at_once():
    dispatcher, waiting = make(LiveClock(), in_progress_max=3)
    statuses = []

    async def wait():
        statuses.append((await ask(dispatcher, "POST", "/waits")).status)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert problem_in(await ask(dispatcher, "GET", "/kept")) == ("overloaded", None)
        for event in waiting:
            event.set()
    assert statuses == [200] * 3
    assert (await ask(dispatcher, "GET", "/kept")).status == 200
    assert dispatcher.in_progress == 0


async def test_a_cancelled_request_gives_its_place_back():
    dispatcher, _ = make(LiveClock(), in_progress_max=1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await ask(dispatcher, "POST", "/waits")

    assert scope.cancelled_caught
    assert (await ask(dispatcher, "GET", "/kept")).status == 200


async def test_a_closed_gate_answers_for_every_operation(dispatcher):
    dispatcher.gate = lambda operation: (
        problem(ProblemCode.STOPPED, "止まっています。") if operation is KEEP else None
    )

    assert problem_in(await ask(dispatcher, "POST", "/kept", b"{")) == ("stopped", None)
    assert (await ask(dispatcher, "GET", "/kept")).status == 200


def test_routes_are_found_and_known(dispatcher):
    assert dispatcher.find("PUT", "/kept/a%20b/colour") == Found(
        next(route for route in dispatcher.routes if route.operation is CHANGE), {"name": "a b"}
    )
    assert isinstance(dispatcher.find("GET", "/nothing"), Problem)
    assert [dispatcher.knows(path) for path in ("/kept", "/kept/a/colour", "/kept/a", "/")] == [
        True,
        True,
        True,  # nothing but operations stands in /kept/
        False,
    ]


def test_what_can_not_be_right_is_refused_when_it_is_put_together(dispatcher):
    async def handler(_: Nothing, __: object) -> None:
        raise AssertionError

    with pytest.raises(AssertionError, match="is there already"):
        dispatcher.add(made_up.LIST, Open(), handler)
    with pytest.raises(AssertionError, match="is not of jpki"):
        Dispatcher(System.JPKI).add(made_up.LIST, Open(), handler)
    with pytest.raises(AssertionError, match="can't admit"):
        Dispatcher(System.FRONT).add(made_up.LIST, Peers(SystemKeys(b"")), handler)
    with pytest.raises(AssertionError, match="can't admit"):
        Dispatcher(System.FRONT).add(made_up.PEER, Open(), handler)
