"""What one system takes on at a time, and how long it waits: set by whoever runs it, with defaults that are meant."""

from typing import Annotated, Final

import msgspec

from portal.serving.lane.limits import IDLE_SECONDS_MAX, RECEIVING_SECONDS_MAX, SENDING_SECONDS_MAX
from portal.store.store import WRITES_WAITING_MAX
from portal.wire.limits import CORE_DEADLINE_SECONDS


def about(text: str) -> msgspec.Meta:
    """The Japanese explanation of a setting."""
    return msgspec.Meta(description=text)


_AT_LEAST_ONE: Final = msgspec.Meta(ge=1)
_SECONDS: Final = msgspec.Meta(gt=0)


class ServingLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """一つのシステムが一度に引き受ける量と、待つ時間の上限."""

    connections_max: Annotated[
        int, about("同時に開いていられる接続の数。超えた接続はすぐに閉じます。"), _AT_LEAST_ONE
    ] = 10_000
    requests_in_progress_max: Annotated[
        int, about("同時に処理する要求の数。超えた要求には、処理を始める前に503で答えます。"), _AT_LEAST_ONE
    ] = 2_000
    writes_waiting_max: Annotated[
        int, about("保存を待つ書き込みの数。超えた書き込みには503で答えます。"), _AT_LEAST_ONE
    ] = WRITES_WAITING_MAX
    idle_seconds_max: Annotated[float, about("次の要求を待って接続を開けておく秒数。"), _SECONDS] = (
        IDLE_SECONDS_MAX
    )
    receiving_seconds_max: Annotated[float, about("一つの要求を受け取り終わるまで待つ秒数。"), _SECONDS] = (
        RECEIVING_SECONDS_MAX
    )
    sending_seconds_max: Annotated[float, about("回答を相手が受け取るのを待つ秒数。"), _SECONDS] = (
        SENDING_SECONDS_MAX
    )
    shutdown_seconds_max: Annotated[float, about("止めるとき、処理中の要求を待つ秒数。"), _SECONDS] = 3.0
    calls_at_once_max: Annotated[int, about("ほかの一つのシステムへ同時に開く接続の数。"), _AT_LEAST_ONE] = 64
    call_seconds_max: Annotated[
        float, about("ほかのシステムの回答を待つ秒数。過ぎると後日回答になります。"), _SECONDS
    ] = CORE_DEADLINE_SECONDS


DEFAULTS: Final = ServingLimits()
