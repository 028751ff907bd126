"""An operation of a system, declared once.

From one declaration come the client's call, the server's route, validation, the problem answers, the OpenAPI
document, the name in traces and load statistics, and the place where a fault can be put. No other file spells
the path of an operation; a test holds that.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
import msgspec.inspect

from portal.wire.complaints import complaint
from portal.wire.dates import bears_dates, wrong_date
from portal.wire.doubled import doubled_key
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import Caller, Party, System

Req = TypeVar("Req")
Res = TypeVar("Res")

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"
CSV: Final = "text/csv; charset=utf-8"
PDF: Final = "application/pdf"
BODY_BYTES_MAX: Final = 64 * 1024
"""What an operation takes as a body unless it declares otherwise."""
QUERY_FIELDS_MAX: Final = 40


class Method(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every request: an unknown field is an error, not something silently dropped."""


class Nothing(Message, frozen=True):
    """A request without content."""


class Done(msgspec.Struct, frozen=True):
    """An answer that says only that it was done."""

    done: bool = True


class WireRequest(msgspec.Struct, frozen=True):
    """A request as it crosses: both carriers move these bytes and nothing else."""

    method: str
    path: str
    """Percent-encoded, without the query."""
    query: str = ""
    authorization: str = ""
    content_type: str = ""
    body: bytes = b""

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class WireResponse(msgspec.Struct, frozen=True):
    """An answer as it crosses."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Operation(Generic[Req, Res]):
    """操作: one thing that a system does when asked.

    ``callers`` says who may ask; ``repeatable`` says whether asking twice is as good as asking once, which is
    what allows a link to retry.
    """

    __slots__ = (
        "_body_decoder", "_body_fields", "_dated", "_empty", "_encoder", "_path_fields", "_query_fields",
        "_response_decoder", "body_bytes_max", "callers", "method", "name", "path", "path_pattern", "problems", "repeatable",
        "request", "request_media", "requirements", "response", "response_media", "status", "summary", "system",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        system: System,
        method: Method,
        path: str,
        request: type[Req],
        response: type[Res],
        *,
        callers: Iterable[Caller],
        repeatable: bool,
        summary: str,
        status: int = 200,
        problems: Iterable[ProblemCode] = (),
        requirements: Iterable[str] = (),
        request_media: str = JSON,
        response_media: str = JSON,
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        self.name = name
        self.system = system
        self.method = method
        self.path = path
        self.request = request
        self.response = response
        self.callers = frozenset(callers)
        self.repeatable = repeatable
        self.summary = summary
        self.status = status
        # Whoever acts for somebody else, or stands at a shared terminal, is kept from many a citizen's operation.
        kept_from = (ProblemCode.FORBIDDEN,) if Party.CITIZEN in self.callers else ()
        self.problems = tuple(dict.fromkeys((*problems, *kept_from)))
        self.requirements = tuple(requirements)
        self.request_media = request_media
        self.response_media = response_media
        self.body_bytes_max = body_bytes_max
        self._path_fields = tuple(re.findall(r"\{(\w+)\}", path))
        self.path_pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)) + r"\Z")
        names: tuple[str, ...] = ()
        if request_media == JSON:
            assert issubclass(request, Message), f"{name}: the request must be a Message"
            names = tuple(field.name for field in msgspec.structs.fields(request))
            for field in msgspec.structs.fields(request):
                is_text = isinstance(msgspec.inspect.type_info(field.type), msgspec.inspect.StrType)
                assert is_text or field.name not in self._path_fields, f"{name}: {field.name} must be text"
        missing = set(self._path_fields) - set(names)
        assert not missing, f"{name}: no field for {missing} of the path"
        rest = tuple(field for field in names if field not in self._path_fields)
        takes_body = method in (Method.POST, Method.PUT)
        self._body_fields = rest if takes_body else ()
        self._query_fields = () if takes_body else rest
        self._dated = request_media == JSON and bears_dates(request)
        self._empty = request() if request_media == JSON and not names else None
        self._encoder = msgspec.json.Encoder()
        # Fields of the path are not in the body: such a body is read as a plain object, then converted with them.
        self._body_decoder: Callable[[bytes], Any] = msgspec.json.Decoder(
            dict[str, Any] if self._path_fields else request
        ).decode
        self._response_decoder: Callable[[bytes], Res] = (
            msgspec.json.Decoder(response).decode if response_media == JSON else lambda body: body  # type: ignore[assignment, return-value]
        )

    def __repr__(self) -> str:
        return f"<Operation {self.name}: {self.method} {self.system}{self.path}>"

    @property
    def has_path_fields(self) -> bool:
        return bool(self._path_fields)

    @property
    def path_fields(self) -> tuple[str, ...]:
        return self._path_fields

    @property
    def query_fields(self) -> tuple[str, ...]:
        return self._query_fields

    @property
    def body_fields(self) -> tuple[str, ...]:
        return self._body_fields

    # The caller's side

    def encode_request(self, request: Req, authorization: str = "") -> WireRequest:
        """The request as it crosses the border."""
        if self.request_media != JSON:
            assert isinstance(request, bytes)
            return WireRequest(self.method, self.path, "", authorization, self.request_media, request)
        if not self._path_fields and self._body_fields:
            return WireRequest(self.method, self.path, "", authorization, JSON, self._encoder.encode(request))
        path = self.path
        for field in self._path_fields:
            path = path.replace(f"{{{field}}}", quote(str(getattr(request, field)), safe=""))
        query = ""
        if self._query_fields:
            given = msgspec.to_builtins(request)
            pairs = [(f, given[f]) for f in self._query_fields if given.get(f) is not None]
            query = urlencode([(f, str(v).lower() if isinstance(v, bool) else v) for f, v in pairs])
        if not self._body_fields:
            return WireRequest(self.method, path, query, authorization)
        body = {field: getattr(request, field) for field in self._body_fields}
        return WireRequest(self.method, path, query, authorization, JSON, self._encoder.encode(body))

    def decode_response(self, response: WireResponse) -> Res | Problem:
        """The answer, or the problem. Raises ``msgspec.MsgspecError`` when it is neither."""
        try:
            if response.status >= 400:
                return msgspec.json.decode(response.body, type=Problem)
            if not 200 <= response.status < 300:
                raise msgspec.DecodeError(f"status {response.status} is no answer")
            return self._response_decoder(response.body)
        except (UnicodeDecodeError, RecursionError) as error:
            # msgspec lets these two through as they are.
            raise msgspec.DecodeError(str(error)) from error

    # The answering side

    def decode_request(self, wire: WireRequest, path_fields: Mapping[str, str]) -> Req | Problem:
        """The request that a peer sent, or what is wrong with it."""
        content = self._decode_request(wire, path_fields)
        if self._dated and (wrong := wrong_date(content)) is not None:
            return _unfit(wrong.words, wrong.where)
        return content

    def _decode_request(self, wire: WireRequest, path_fields: Mapping[str, str]) -> Req | Problem:
        if self._empty is not None and not wire.query and not wire.body:
            # Nothing was asked for, and nothing was sent.
            return self._empty
        if len(wire.body) > self.body_bytes_max:
            return problem(
                ProblemCode.TOO_LARGE,
                f"本文は{self.body_bytes_max}バイトまでです（受け取ったのは{len(wire.body)}バイト）。",
            )
        if self.request_media != JSON:
            if not _is_media(wire.content_type, self.request_media) and self.method != Method.GET:
                return problem(ProblemCode.UNSUPPORTED_MEDIA, f"{self.request_media} で送ってください。")
            return wire.body  # type: ignore[return-value]
        try:
            if self._body_fields:
                if not _is_media(wire.content_type, JSON):
                    return problem(ProblemCode.UNSUPPORTED_MEDIA, f"{JSON} で送ってください。")
                content = self._body_decoder(wire.body)
                if self._encoder.encode(content) != wire.body and (twice := doubled_key(wire.body)):
                    return problem(
                        ProblemCode.UNPROCESSABLE,
                        f"{twice.rpartition('.')[2]} が2回以上書かれています。1回だけ書いてください。",
                        field=twice,
                    )
                if not self._path_fields:
                    return content  # type: ignore[no-any-return]
                doubled = set(content) & set(self._path_fields)
                if doubled:
                    name = min(doubled)
                    return problem(
                        ProblemCode.UNPROCESSABLE, f"{name} は本文では送れません。", field=f"$.{name}"
                    )
                return msgspec.convert({**content, **path_fields}, self.request, strict=True)
            if wire.body and self.method in (Method.POST, Method.PUT):
                content = msgspec.json.decode(wire.body, type=dict[str, Any])
                if content:
                    return problem(
                        ProblemCode.UNPROCESSABLE,
                        "この操作は本文に項目を取りません。",
                        field=f"$.{min(content)}",
                    )
            if not wire.query:
                return msgspec.convert(path_fields, self.request, strict=False)
            query = parse_qsl(
                wire.query, keep_blank_values=True, strict_parsing=True,
                max_num_fields=QUERY_FIELDS_MAX, errors="strict",
            )  # fmt: skip
            fields = dict(query)
            if len(fields) != len(query) or set(fields) & set(self._path_fields):
                name = next((name for name, count in Counter(n for n, _ in query).items() if count > 1), "")
                name = name or min(set(fields) & set(self._path_fields))
                return problem(
                    ProblemCode.UNPROCESSABLE,
                    f"{name} が2回以上指定されています。1回だけ指定してください。",
                    field=f"$.{name}",
                )
            return msgspec.convert({**fields, **path_fields}, self.request, strict=False)
        except msgspec.ValidationError as error:
            return _unfit(*complaint(error))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            words, _ = complaint(error, wire.body)
            return problem(ProblemCode.MALFORMED, f"JSONとして読み取れる形で送ってください（{words}）。")

    def encode_response(self, response: Res) -> WireResponse:
        """The answer as it crosses the border."""
        if self.response_media != JSON:
            assert isinstance(response, bytes)
            return WireResponse(self.status, self.response_media, response)
        return WireResponse(self.status, JSON, self._encoder.encode(response))


def _unfit(words: str, where: str) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, f"項目の内容を直してください。{words}。", field=where)


def _is_media(content_type: str, media: str) -> bool:
    return content_type == media or content_type.partition(";")[0].strip().lower() == media


def encode_problem(answer: Problem) -> WireResponse:
    """A problem as it crosses the border; a 503 and a limit say when to come back, a 401 how to prove oneself."""
    headers: tuple[tuple[str, str], ...] = ()
    if answer.retry_after_seconds is not None:
        headers = (("retry-after", str(answer.retry_after_seconds)),)
    elif answer.status == 401:
        headers = (("www-authenticate", "Bearer"),)
    return WireResponse(answer.status, PROBLEM_JSON, msgspec.json.encode(answer), headers)


AnyOperation = Operation[Any, Any]
