"""What a page says when something could not be done: what happened, what to do, the way on."""

from collections.abc import Sequence
from typing import NamedTuple

from portal.wire.problems import Problem, ProblemCode, problem


class Words(NamedTuple):
    """What ``error.html`` shows, apart from the way on."""

    status: int
    title: str
    happened: Sequence[str]
    remedies: Sequence[str] = ()


_AGAIN_LATER = "しばらく待ってから、もういちど試してください。"
_NEW_CERTIFICATE = "市区町村の窓口で、電子証明書の発行を受けてください。"
_OTHER_CARD = "この模擬システムでは、ほかの模擬カードを選ぶこともできます。"
_FROM_THE_START = "下の「マイナンバーカードでログイン」のボタンから、はじめてください。"

_REMEDIES: dict[ProblemCode, tuple[str, ...]] = {
    ProblemCode.NOT_FOUND: (
        "アドレスを確かめるか、一覧から選びなおしてください。",
        "消えた情報は、もういちど請求できます。",
    ),
    ProblemCode.CONFLICT: ("内容を確かめてから、もういちど操作してください。",),
    ProblemCode.TOO_MANY: (_AGAIN_LATER,),
    ProblemCode.ACCOUNT_EXISTS: ("トップに進むと、すでにあるアカウントをそのまま使えます。",),
    ProblemCode.CHALLENGE_UNKNOWN: (_FROM_THE_START,),
    ProblemCode.CHALLENGE_EXPIRED: (_FROM_THE_START,),
    ProblemCode.CHALLENGE_USED: (_FROM_THE_START,),
    ProblemCode.SIGNATURE_REFUSED: (_FROM_THE_START,),
    ProblemCode.CERTIFICATE_REFUSED: (_OTHER_CARD,),
    ProblemCode.CERTIFICATE_EXPIRED: (_NEW_CERTIFICATE, _OTHER_CARD),
    ProblemCode.CERTIFICATE_REVOKED: (_NEW_CERTIFICATE, _OTHER_CARD),
    ProblemCode.REVOCATION_UNKNOWN: (_AGAIN_LATER,),
    ProblemCode.UPSTREAM_UNAVAILABLE: (_AGAIN_LATER,),
    ProblemCode.STORAGE_REFUSED: (
        _AGAIN_LATER,
        "続くときは、このシステムの運用者に、保存先の空き容量と書き込みの権限を確かめるように伝えてください。",
    ),
    ProblemCode.OVERLOADED: (_AGAIN_LATER,),
    ProblemCode.INTERNAL: ("もういちど試してください。続くときは、下の番号を運用者に伝えてください。",),
}

STORAGE_REFUSED = problem(
    ProblemCode.STORAGE_REFUSED,
    "保存先に書き込めないため、操作は行われませんでした。いままでの情報は、そのまま残っています。",
)
OVERLOADED = problem(
    ProblemCode.OVERLOADED, "たくさんの人が使っているため、受け付けられませんでした。操作は行われていません。"
)
INTERNAL = problem(ProblemCode.INTERNAL, "申しわけありません。何が起きたかは、記録に残しました。")
SIGN_IN_UNREADABLE = problem(
    ProblemCode.MALFORMED,
    "カードリーダーから届いた内容を読み取れませんでした。もういちどログインしてください。",
)
NOT_BEGUN_HERE = problem(
    ProblemCode.CHALLENGE_UNKNOWN,
    "このブラウザーではじめたログインではないか、時間が過ぎています。安全のため、ログインしませんでした。",
)
NO_READER = problem(
    ProblemCode.UPSTREAM_UNAVAILABLE, "カードリーダーの場所が決められていないため、ログインできません。"
)

FORGED = Words(
    403,
    "この画面からの操作を確かめられませんでした",
    (
        "開いてから時間がたった画面か、ログインしなおす前の画面から送られたようです。"
        "安全のため、操作は行いませんでした。",
    ),
    ("前の画面を開きなおして（再読み込みして）から、もういちど操作してください。",),
)


def twice(name: str) -> Words:
    """What is said of a form in which this field came twice."""
    return Words(
        422,
        "同じ項目が2回送られました",
        (f"「{name[:40]}」が2回以上あり、どれが正しいか分からないため、操作は行いませんでした。",),
        ("画面を開きなおして、もういちど送ってください。",),
    )


_PAGES: dict[int, Words] = {
    400: Words(400, "送られた内容を読み取れません", ("画面から送られた内容がこわれています。",), ("前の画面に戻って、やりなおしてください。",)),
    401: Words(401, "ログインが必要です", ("時間が過ぎて、ログアウトしました。",), ("もういちどログインしてください。",)),
    404: Words(
        404,
        "ページが見つかりません",
        ("アドレスが違うか、情報がもう利用者フォルダーにありません。見終わった情報は、ログアウトすると消えます。",),
        _REMEDIES[ProblemCode.NOT_FOUND],
    ),
    405: Words(405, "この方法では利用できません", ("このアドレスは、画面のボタンからだけ使えます。",), ("トップから、やりなおしてください。",)),
    408: Words(408, "送信が途中で止まりました", ("送られた内容が、時間内に届きませんでした。操作は行われていません。",), ("通信の状態を確かめて、もういちど送ってください。",)),
    413: Words(413, "送られた内容が大きすぎます", ("入力が長すぎるため、受け付けられませんでした。操作は行われていません。",), ("前の画面に戻って、短くしてから送ってください。",)),
}  # fmt: skip


def of_problem(found: Problem) -> Words:
    return Words(found.status, found.title, (found.detail,), _REMEDIES.get(found.code, ()))


def of_status(status: int) -> Words:
    """For what the web server itself refuses."""
    known = _PAGES.get(status)
    if known is not None:
        return known
    if status >= 500:
        return of_problem(INTERNAL)
    return _PAGES[400]._replace(status=status)
