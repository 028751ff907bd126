"""Rate limits: who asks more often than any person does is asked to wait (429, Retry-After), before any work is begun.

By address for whoever has not signed in, and for sign-ins that fail; by account for what costs others something (asking
the network, laying out files, trying codes). What is not named here is not counted.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

import msgspec

from portal.seams.clock import Clock
from portal.serving.buckets import Buckets
from portal.serving.limits import about
from portal.wire import account, history, inquiries, notices, proxies, records, self_information, sign_in
from portal.wire.operation import AnyOperation
from portal.wire.problems import Problem, ProblemCode, problem

PREFIX_BITS = 64
"""Of an IPv6 address: what one household or office is given; below it everybody has addresses without end."""
_MINUTE = 60.0


class RateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """回数の制限。1分あたりの回数で、続けてその回数までできます。0なら数えません."""

    counting: Annotated[
        bool,
        about(
            "回数を数えるか。負荷試験では false にします（mynasim load が起動する世界ではそうなっています）。"
        ),
    ] = True
    own_machine: Annotated[
        bool,
        about(
            "この計算機の中（ループバック）からの要求も、アドレスごとに数えるか。"
            "数えるのは、前に立つ別のサーバーがなく、ほかの人もこの計算機から使うときだけにします。"
        ),
    ] = False
    anonymous: Annotated[
        int,
        about("ログインしていない人の要求（ログインの手続き、よくある質問など）。アドレスごと。"),
        msgspec.Meta(ge=0),
    ] = 600
    sign_in_failures: Annotated[
        int, about("ログインの失敗（カード、職員のパスワード）。アドレスごと。"), msgspec.Meta(ge=0)
    ] = 30
    requests: Annotated[
        int,
        about("開示請求、検索、お問い合わせ。アカウントごと。"),
        msgspec.Meta(ge=0),
    ] = 120
    files: Annotated[int, about("ファイルの作成（PDF、CSV）。アカウントごと。"), msgspec.Meta(ge=0)] = 60
    code_tries: Annotated[
        int, about("メールアドレスの確認番号を入れる回数。アカウントごと。"), msgspec.Meta(ge=0)
    ] = 20


class Limit(StrEnum):
    """Which of the settings counts."""

    ANONYMOUS = "anonymous"
    SIGN_IN_FAILURES = "sign_in_failures"
    REQUESTS = "requests"
    FILES = "files"
    CODE_TRIES = "code_tries"


BY_ADDRESS: Mapping[AnyOperation, Limit] = {
    sign_in.ASK_CHALLENGE: Limit.ANONYMOUS,
    sign_in.SIGN_IN: Limit.ANONYMOUS,
    inquiries.SEARCH_FAQ: Limit.ANONYMOUS,
}
FAILURES: Mapping[AnyOperation, Limit] = {sign_in.SIGN_IN: Limit.SIGN_IN_FAILURES}
BY_ACCOUNT: Mapping[AnyOperation, Limit] = {
    records.REQUEST_RECORDS: Limit.REQUESTS,
    self_information.SEARCH: Limit.REQUESTS,
    self_information.REQUEST_SELF_INFORMATION: Limit.REQUESTS,
    self_information.REQUEST_INFORMATION_OF_RECORD: Limit.REQUESTS,
    inquiries.SEND_INQUIRY: Limit.REQUESTS,
    records.RECORDS_CSV: Limit.FILES,
    records.RECORDS_PDF: Limit.FILES,
    self_information.SELF_INFORMATION_CSV: Limit.FILES,
    self_information.SELF_INFORMATION_PDF: Limit.FILES,
    notices.NOTICE_CSV: Limit.FILES,
    notices.NOTICE_PDF: Limit.FILES,
    history.HISTORY_CSV: Limit.FILES,
    account.CONFIRM_MAIL: Limit.CODE_TRIES,
    proxies.REGISTER_PROXY: Limit.REQUESTS,
}
PAGES: Mapping[tuple[str, str], Limit] = {
    ("POST", "records.request"): Limit.REQUESTS,
    ("POST", "records.information"): Limit.REQUESTS,
    ("GET", "self_information.results"): Limit.REQUESTS,
    ("POST", "self_information.results"): Limit.REQUESTS,
    ("POST", "inquiries.new"): Limit.REQUESTS,
    ("POST", "proxies.card"): Limit.REQUESTS,
    ("GET", "records.file"): Limit.FILES,
    ("GET", "self_information.file"): Limit.FILES,
    ("GET", "notices.file"): Limit.FILES,
    ("GET", "history.file"): Limit.FILES,
    ("POST", "settings.confirm"): Limit.CODE_TRIES,
}
"""The same by account, for pages."""


class Rates:
    """回数の制限."""

    def __init__(self, settings: RateSettings, clock: Clock) -> None:
        self._clock = clock
        self._own_machine = settings.own_machine
        counts = {limit: getattr(settings, limit) if settings.counting else 0 for limit in Limit}
        self._buckets = {limit: Buckets(count, _MINUTE) for limit, count in counts.items() if count}
        self._by_account = self._counted(BY_ACCOUNT)
        self.operations = frozenset(self._counted(BY_ADDRESS)) | frozenset(self._counted(FAILURES))
        """Which are counted by address."""

    def __repr__(self) -> str:
        return f"<Rates {self._buckets}>"

    def _counted(self, limits: Mapping[AnyOperation, Limit]) -> dict[AnyOperation, Limit]:
        return {operation: limit for operation, limit in limits.items() if limit in self._buckets}

    # By account

    def refuses(self, operation: AnyOperation, account_id: str) -> Problem | None:
        """Counts this call of a citizen; the problem, when there were too many."""
        limit = self._by_account.get(operation)
        return None if limit is None else self.take(limit, account_id)

    def refuses_page(self, method: str, name: str, account_id: str) -> Problem | None:
        limit = PAGES.get((method, name))
        return None if limit is None else self.take(limit, account_id)

    # By address

    def arrives(self, operation: AnyOperation, address: str) -> Problem | None:
        """Counts this call of somebody unknown."""
        failures, limit = FAILURES.get(operation), BY_ADDRESS.get(operation)
        if failures is not None and (refused := self.look(failures, address)) is not None:
            return refused
        return None if limit is None else self.of_address(limit, address)

    def failed(self, operation: AnyOperation, address: str, said: Problem) -> None:
        """Counts a refused sign-in; not one that failed for no fault of who tried."""
        limit = FAILURES.get(operation)
        if limit is not None and said.status < 500:
            self.of_address(limit, address)

    def of_address(self, limit: Limit, address: str | None) -> Problem | None:
        key = self._key(address)
        return None if key is None else self.take(limit, key)

    def look(self, limit: Limit, address: str | None) -> Problem | None:
        """What :meth:`of_address` would say, without counting."""
        key, buckets = self._key(address), self._buckets.get(limit)
        if key is None or buckets is None:
            return None
        seconds = buckets.wait(key, self._clock.now_ms())
        return _too_many(seconds) if seconds else None

    def take(self, limit: Limit, key: str) -> Problem | None:
        buckets = self._buckets.get(limit)
        if buckets is None:
            return None
        seconds = buckets.take(key, self._clock.now_ms())
        return _too_many(seconds) if seconds else None

    def _key(self, address: str | None) -> str | None:
        return _key(address, self._own_machine) if address else None


@lru_cache(maxsize=4096)
def _key(address: str, own_machine: bool) -> str | None:
    """Whom an address stands for; None: not counted. To read one takes longer than all the rest."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback and not own_machine:
        return None
    if isinstance(found, IPv6Address):
        return str(int(found) >> (128 - PREFIX_BITS))
    return str(found)


def _too_many(seconds: int) -> Problem:
    return problem(
        ProblemCode.TOO_MANY,
        f"短い時間に操作が多すぎるため、受け付けませんでした。{seconds}秒ほど待ってから、もう一度お試しください。",
        retry_after=seconds,
    )
