"""What a wrong message is answered with: Japanese words, the place, and for days and moments a range that can be reckoned with."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import msgspec
import pytest
from declared import OPERATIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.wire.complaints import complaint, in_words
from portal.wire.dates import YEAR_FIRST, YEAR_LAST, bears_dates, wrong_date
from portal.wire.network import Reconcile
from portal.wire.operation import JSON, Method, WireRequest
from portal.wire.problems import Problem, ProblemCode

ENGLISH = re.compile(r"[A-Za-z]{3,}")
NAMED = re.compile(r"「[^」]*」|（正規表現 .*）|'[^']*'|\$[\w.\[\]]*|true|false|null|JSON|base64")
"""What is quoted of the request or of the declaration, and names that are no words."""


def left_in_english(detail: str) -> list[str]:
    return ENGLISH.findall(NAMED.sub("", detail))


class Everything(msgspec.Struct, forbid_unknown_fields=True):
    needed: int
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=3)] = "x"
    code: Annotated[str, msgspec.Meta(pattern=r"^TM[0-9]{14}$(?!\n)")] = "TM" + "0" * 14
    digits: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")] = "0" * 32
    shape: Annotated[str, msgspec.Meta(pattern=r"^a+b$(?!\n)")] = "ab"
    some: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=2)] = (1,)
    pair: tuple[int, int] = (1, 2)
    number: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    day: date = date(2026, 4, 1)
    at: datetime = datetime(2026, 4, 1, tzinfo=UTC)
    zoned: Annotated[datetime, msgspec.Meta(tz=True)] = datetime(2026, 4, 1, tzinfo=UTC)
    raw: Annotated[bytes, msgspec.Meta(max_length=2)] = b""
    choice: Literal["a", "b"] = "a"
    maybe: str | None = None
    yes: bool = True
    places: dict[str, int] = {}


@pytest.mark.parametrize(
    ("body", "words", "where"),
    [
        ("{}", "項目「needed」がありません", "$"),
        ('{"needed":1,"other":2}', "項目「other」はありません。取り除いてください", "$"),
        ('{"needed":"1"}', "整数にしてください（文字列でした）", "$.needed"),
        ('{"needed":1,"text":""}', "空にはできません", "$.text"),
        ('{"needed":1,"text":"xxxx"}', "3文字までにしてください", "$.text"),
        ('{"needed":1,"code":"x"}', "「TM」に続く数字14桁にしてください", "$.code"),
        ('{"needed":1,"digits":"x"}', "16進数（小文字）の数字32桁にしてください", "$.digits"),
        ('{"needed":1,"shape":"x"}', "決まった形（正規表現 ^a+b$）の文字列にしてください", "$.shape"),
        ('{"needed":1,"some":[]}', "1件以上が必要です", "$.some"),
        ('{"needed":1,"some":[1,2,3]}', "2件までにしてください", "$.some"),
        ('{"needed":1,"pair":[1]}', "2件にしてください", "$.pair"),
        ('{"needed":1,"some":["x"]}', "整数にしてください（文字列でした）", "$.some[0]"),
        ('{"needed":1,"number":10}', "9以下にしてください", "$.number"),
        ('{"needed":1,"number":-1}', "0以上にしてください", "$.number"),
        ('{"needed":1,"share":1}', "1.0未満にしてください", "$.share"),
        ('{"needed":1,"day":"2026-02-30"}', "ない日付です。2026-04-01 の形で指定してください", "$.day"),
        ('{"needed":1,"at":"x"}', "ない日時です。2026-04-01T09:00:00+09:00 の形で指定してください", "$.at"),
        (
            '{"needed":1,"zoned":"2026-04-01T00:00:00"}',
            "時差（+09:00 など）を付けてください。例：2026-04-01T09:00:00+09:00",
            "$.zoned",
        ),
        ('{"needed":1,"raw":"?"}', "base64として読めません", "$.raw"),
        ('{"needed":1,"raw":"AAAAAAAA"}', "2バイトまでにしてください", "$.raw"),
        ('{"needed":1,"choice":"c"}', "'c' は選べません", "$.choice"),
        ('{"needed":1,"maybe":1}', "文字列またはnullにしてください（整数でした）", "$.maybe"),
        ('{"needed":1,"yes":null}', "true か falseにしてください（nullでした）", "$.yes"),
        ('{"needed":1', "途中で終わっています", "$"),
        ("{needed:1}", "2バイト目が読めません", "$"),
        ('{"needed":1,"places":{"x":"y"}}', "整数にしてください（文字列でした）", "$.places[...]"),
    ],
)
def test_each_complaint_is_in_words(body: str, words: str, where: str) -> None:
    with pytest.raises(msgspec.DecodeError) as wrong:
        msgspec.json.decode(body, type=Everything)

    assert complaint(wrong.value) == (words, where)


@pytest.mark.parametrize(
    "body",
    [rb'"\ud800"', rb'{"a":"\uDBFF"}', rb'{"a":"\ud800\n"}', rb'{"a":"\ud800 and more of it"}', rb'"\udc00"', rb'"\ud800\u0041"'],
)  # fmt: skip
def test_half_a_character_is_called_by_its_name(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError) as wrong:
        msgspec.json.decode(body)

    assert "対になっていないサロゲート" in complaint(wrong.value, body)[0]


@pytest.mark.parametrize("body", [b'{"a":"abc', rb'{"a":"\ud83d\ude00', rb'{"a":"\\ud800'])
def test_an_end_that_came_too_early_is_one(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError) as wrong:
        msgspec.json.decode(body)

    assert complaint(wrong.value, body) == ("途中で終わっています", "$")


def test_what_nobody_knows_is_still_japanese() -> None:
    assert in_words("Something new that msgspec says") == "形が正しくありません"


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.request_media == JSON and each.body_fields],
    ids=lambda operation: f"{operation.name}@{operation.system}",
)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_operation_complains_in_english(operation: Any, data: st.DataObject) -> None:
    names = st.sampled_from(operation.body_fields)
    body = msgspec.json.encode(data.draw(st.dictionaries(names, junk, min_size=1)))
    path = dict.fromkeys(operation.path_fields, "x")
    answer = operation.decode_request(
        WireRequest(operation.method, operation.path, content_type=JSON, body=body), path
    )

    if isinstance(answer, Problem):
        assert left_in_english(answer.detail) == []


# Days and moments


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"start":"2026-04-01","end":"9999-12-31"}', "$.end"),
        (b'{"start":"0001-01-01","end":"2026-04-01"}', "$.start"),
    ],
)
def test_a_day_that_nobody_can_reckon_with(body: bytes, field: str) -> None:
    from portal.wire.network import RECONCILE

    answer = RECONCILE.decode_request(
        WireRequest(Method.POST, RECONCILE.path, content_type=JSON, body=body), {}
    )

    assert isinstance(answer, Problem)
    assert (answer.code, answer.field) == (ProblemCode.UNPROCESSABLE, field)
    assert f"{YEAR_FIRST}年から{YEAR_LAST}年まで" in answer.detail


@given(st.dates(), st.dates())
def test_days_within_the_years_pass(start: date, end: date) -> None:
    fine = [YEAR_FIRST <= day.year <= YEAR_LAST for day in (start, end)]
    wrong = wrong_date(Reconcile(start, end))

    assert (wrong is None) is all(fine)
    if wrong is not None:
        assert wrong.where == ("$.start" if not fine[0] else "$.end")


class Kept(msgspec.Struct):
    at: datetime | None
    inner: "tuple[Kept, ...]" = ()


@given(st.datetimes(), st.none() | st.integers(-14, 14))
def test_moments_need_a_zone(moment: datetime, hours: int | None) -> None:
    zone = None if hours is None else timezone(timedelta(hours=hours))
    wrong = wrong_date(Kept(None, (Kept(moment.replace(tzinfo=zone)),)))

    assert bears_dates(Kept)
    assert (wrong is None) is (zone is not None and YEAR_FIRST <= moment.year <= YEAR_LAST)
    assert wrong is None or wrong.where == "$.inner[0].at"
