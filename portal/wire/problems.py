"""Problem answers (RFC 9457): the closed set of reasons for which an operation does not do what was asked.

Each code has one HTTP status and one Japanese title; the detail says what was wrong, where, and what to do.
"""

from enum import StrEnum

import msgspec


class ProblemCode(StrEnum):
    """What went wrong, for programs."""

    MALFORMED = "malformed"
    UNPROCESSABLE = "unprocessable"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA = "unsupported-media"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_SIGNED_IN = "not-signed-in"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    PERIOD_REFUSED = "period-refused"
    ACCOUNT_NEEDED = "account-needed"
    ACCOUNT_EXISTS = "account-exists"
    CHALLENGE_UNKNOWN = "challenge-unknown"
    CHALLENGE_EXPIRED = "challenge-expired"
    CHALLENGE_USED = "challenge-used"
    SIGNATURE_REFUSED = "signature-refused"
    CERTIFICATE_REFUSED = "certificate-refused"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_REVOKED = "certificate-revoked"
    REVOCATION_UNKNOWN = "revocation-unknown"
    CODE_REFUSED = "code-refused"
    CODE_OVER = "code-over"
    TOO_MANY = "too-many"
    NOT_PERMITTED = "not-permitted"
    STOPPED = "stopped"
    OVERLOADED = "overloaded"
    STORAGE_REFUSED = "storage-refused"
    UPSTREAM_UNAVAILABLE = "upstream-unavailable"
    INTERNAL = "internal"


TABLE: dict[ProblemCode, tuple[int, str]] = {
    ProblemCode.MALFORMED: (400, "送られた内容を読み取れません"),
    ProblemCode.UNPROCESSABLE: (422, "送られた内容に誤りがあります"),
    ProblemCode.TOO_LARGE: (413, "送られた内容が大きすぎます"),
    ProblemCode.UNSUPPORTED_MEDIA: (415, "この形式は受け付けていません"),
    ProblemCode.NOT_FOUND: (404, "見つかりません"),
    ProblemCode.METHOD_NOT_ALLOWED: (405, "この方法では利用できません"),
    ProblemCode.NOT_SIGNED_IN: (401, "ログインが必要です"),
    ProblemCode.FORBIDDEN: (403, "利用する権限がありません"),
    ProblemCode.CONFLICT: (409, "ほかの操作と重なりました"),
    ProblemCode.PERIOD_REFUSED: (422, "期間の指定に誤りがあります"),
    ProblemCode.ACCOUNT_NEEDED: (403, "利用者登録が必要です"),
    ProblemCode.ACCOUNT_EXISTS: (409, "利用者登録は済んでいます"),
    ProblemCode.CHALLENGE_UNKNOWN: (403, "ログインの手続きを確認できません"),
    ProblemCode.CHALLENGE_EXPIRED: (403, "ログインの手続きの有効時間が過ぎました"),
    ProblemCode.CHALLENGE_USED: (403, "このログインの手続きは使用済みです"),
    ProblemCode.SIGNATURE_REFUSED: (403, "カードの署名を確認できません"),
    ProblemCode.CERTIFICATE_REFUSED: (403, "この電子証明書ではログインできません"),
    ProblemCode.CERTIFICATE_EXPIRED: (403, "電子証明書の有効期間外です"),
    ProblemCode.CERTIFICATE_REVOKED: (403, "電子証明書は失効しています"),
    ProblemCode.REVOCATION_UNKNOWN: (503, "電子証明書の有効性を確認できません"),
    ProblemCode.CODE_REFUSED: (422, "確認番号が違います"),
    ProblemCode.CODE_OVER: (409, "この確認番号はもう使えません"),
    ProblemCode.TOO_MANY: (429, "回数が多すぎます"),
    ProblemCode.NOT_PERMITTED: (403, "法令で認められていません"),
    ProblemCode.STOPPED: (503, "システムは停止中です"),
    ProblemCode.OVERLOADED: (503, "ただいま混み合っています"),
    ProblemCode.STORAGE_REFUSED: (503, "保存できませんでした"),
    ProblemCode.UPSTREAM_UNAVAILABLE: (503, "連携先のシステムから回答がありません"),
    ProblemCode.INTERNAL: (500, "システムの内部で誤りが起きました"),
}

RETRY_AFTER_SECONDS = 2
"""What a 503 asks its caller to wait."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """問題の説明: the body of an answer with a status of 400 or more (``application/problem+json``)."""

    type: str
    title: str
    status: int
    detail: str
    code: ProblemCode
    field: str | None = None
    """Where in the request, as a JSON path (``$.end``)."""
    retry_after: int | None = None
    """Seconds to wait before asking again, where that is known."""

    @property
    def retry_after_seconds(self) -> int | None:
        """What the answer's ``Retry-After`` says; None where it has none."""
        if self.retry_after is None and self.status == 503:
            return RETRY_AFTER_SECONDS
        return self.retry_after


def problem(
    code: ProblemCode, detail: str, *, field: str | None = None, retry_after: int | None = None
) -> Problem:
    """A problem of this code; *detail* is plain Japanese and says what to do."""
    status, title = TABLE[code]
    return Problem(
        type=f"/problems/{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        field=field,
        retry_after=retry_after,
    )
