"""A key that stands twice in a message is refused by name, wherever it stands and whoever sends it."""

from typing import Any

import pytest

from portal.wire.intermediate_keeping import REGISTER_COPIES, WITHHOLD
from portal.wire.operation import JSON, Operation, WireRequest
from portal.wire.problems import Problem, ProblemCode

WITHHELD = '"organisation":"0000000131016123","person":5,"information":"TM00000000000002"'


def decoded(operation: Operation[Any, Any], body: str) -> Any:
    path = dict.fromkeys(operation.path_fields, "x")
    return operation.decode_request(
        WireRequest(operation.method, operation.path, "", "", JSON, body.encode()), path
    )


@pytest.mark.requirement("SELF-9")
@pytest.mark.parametrize(
    ("more", "where"),
    [
        (',"everything":true,"everything":false', "$.everything"),
        (', "everything" : true, "items": [], "everything": true', "$.everything"),
        (r',"everything":true,"\u0065verything":false', "$.everything"),
        (',"items":["a"],"items":["b"]', "$.items"),
        (',"person":6', "$.person"),
    ],
)
def test_what_is_said_twice_is_not_guessed(more: str, where: str) -> None:
    refused = decoded(WITHHOLD, f"{{{WITHHELD}{more}}}")
    assert isinstance(refused, Problem)
    assert (refused.code, refused.field) == (ProblemCode.UNPROCESSABLE, where)
    assert where.removeprefix("$.") in refused.detail


def test_within_a_list_too() -> None:
    entry = '{"person":%s,"information":"TM00000000000002","version":"0001","as_of":"2026-04-01","items":[{"name":"a",%s}]}'
    whole = '{"organisation":"0000000131016123","name":"n","copies":[%s, %s]}'
    plain, value = entry % ("5", '"value":"1"'), '"value":"1","value":"2"'
    assert not isinstance(decoded(REGISTER_COPIES, whole % (plain, plain)), Problem)
    for wrong, where in (
        (entry % ("5", value), "$.copies[1].items[0].value"),
        (entry % ('5,"person":6', '"value":"1"'), "$.copies[1].person"),
    ):
        refused = decoded(REGISTER_COPIES, whole % (plain, wrong))
        assert isinstance(refused, Problem), wrong
        assert refused.field == where


def test_a_key_may_stand_in_a_text_and_in_every_object() -> None:
    body = f'{{{WITHHELD}, "items": ["everything", "\\"everything\\":", "person"]}}'
    assert not isinstance(decoded(WITHHOLD, body), Problem)
