"""Faults on systems that run for real: what an operator's hand can bring about, and a clear word about what it can't.

Live, a fault is put in where a simulator has a control for it. What needs the lines, the disk or the clock of a real
system to be wrong exists in simulated time only.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from portal.refusal import Refusal
from portal.wire.controls import Control, Mode, control
from portal.wire.jpki import REVOKE, Revoke
from portal.wire.operation import Operation
from portal.wire.systems import System
from sim.faults import areas
from sim.faults.vocabulary import BY_NAME, CertificateRevoked, CutOff, Fault, Late, Stopped, Way
from sim.jpki.serials import GENERATIONS_ON_A_MEDIUM_MAX, Kind, Serials
from sim.nation.organisations import ORGANISATIONS

LIVE_KINDS: Final = ("stopped", "late", "cut-off", "certificate-revoked")
"""Kinds that can be brought about on a running world."""
WORDS: Final[dict[str, str]] = {
    "stopped": "停止中: そのシステム（または一つの機関の中間サーバー）が503を返す",
    "late": "後日回答: コアシステムが、記録の請求に後から答える",
    "cut-off": "機関の分断: 一つの機関、都道府県、またはすべての市区町村（LGWAN）の中間サーバーが503を返す",
    "certificate-revoked": "失効: その住民の利用者証明用電子証明書を失効させる（元には戻らない）",
}
CONTROLLED: Final = (System.JPKI, System.REGISTRY, System.NETWORK, System.INTERMEDIATE)


class NotLive(Refusal):
    """This fault can't be brought about on systems that run for real."""


class Order(NamedTuple):
    """What the operator asks of a simulator."""

    operation: Operation[Any, Any]
    request: Any


def check(kind: str) -> None:
    """Raises :class:`NotLive` for a kind that there is not, or not here."""
    can = "、".join(LIVE_KINDS)
    if kind not in BY_NAME:
        raise NotLive(f"障害「{kind}」はありません。動いている世界で起こせるのは {can} です。")
    if kind not in LIVE_KINDS:
        raise NotLive(
            f"障害「{kind}」は模擬時間の中だけのもので、動いている世界では起こせません。mynasim explore で試せます。"
            f"動いている世界で起こせるのは {can} です。"
        )


def begins(fault: Fault, serials: Serials) -> list[Order]:
    """What brings this fault about. Of several orders for one certificate the first that is taken counts.

    Raises :class:`NotLive`.
    """
    check(fault.kind)
    match fault:
        case Late(seconds=seconds):
            return [_set(System.NETWORK, Control(Mode.LATE, late_seconds=seconds))]
        case CertificateRevoked(person=person, reason=reason):
            # Which certificate is the present one only JPKI knows; it refuses those that were not issued yet.
            return [
                Order(REVOKE, Revoke(str(serials.serial_of(person, generation, Kind.AUTH)), reason))
                for generation in reversed(range(GENERATIONS_ON_A_MEDIUM_MAX))
            ]
        case _:
            return _stopping(fault, Mode.STOPPED)


def ends(fault: Fault) -> list[Order]:
    """What takes it back. Raises :class:`NotLive`."""
    check(fault.kind)
    match fault:
        case Late():
            return [_set(System.NETWORK, Control(Mode.NORMAL))]
        case CertificateRevoked():
            raise NotLive(
                "失効した電子証明書は、元に戻せません。住民は、窓口で新しい電子証明書の発行を受けます。"
            )
        case _:
            return _stopping(fault, Mode.NORMAL)


def _stopping(fault: Fault, mode: Mode) -> list[Order]:
    match fault:
        case Stopped(system=system, organisation=organisation):
            if system not in CONTROLLED:
                names = "、".join(CONTROLLED)
                raise NotLive(f"{system} には操作盤がありません。止められるのは {names} です。")
            return [_set(system, Control(mode, organisation))]
        case CutOff(way=way):
            if way is not Way.BOTH:
                raise NotLive(
                    "動いている世界では、機関の分断は両方向だけです。--way を付けずに指定してください。"
                )
            codes = _organisations(fault)
            if not codes:
                raise NotLive(
                    "当てはまる機関がありません。--organisation に16桁の機関コード、--prefecture に2桁の都道府県コード"
                    "（例: 13）、または --lgwan を指定してください。"
                )
            return [_set(System.INTERMEDIATE, Control(mode, code)) for code in codes]
        case _:
            raise AssertionError(f"nobody can stop by {fault.kind}")


def _organisations(fault: CutOff) -> Sequence[str]:
    return [each.code for each in ORGANISATIONS if areas.concerns(fault, each)]


def _set(system: System, wanted: Control) -> Order:
    return Order(control(system), wanted)
