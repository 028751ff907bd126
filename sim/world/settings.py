"""What can be set of the world around the portal. ``mynasim settings`` prints it all."""

from typing import Annotated

import msgspec

from portal.serving.limits import about
from portal.wire.systems import System
from sim.network.rates import rate_of

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Ports(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """模擬システムが待ち受けるポート。使用中なら次の空きを使います."""

    front: Annotated[Port, about("世界の入口のページ。")] = 8610
    card_desk: Annotated[Port, about("模擬カードリーダー。")] = 8611
    mailbox: Annotated[Port, about("模擬メールボックスのページ。")] = 8612
    jpki: Annotated[Port, about("公的個人認証サービス（OCSP・失効リスト）。")] = 8613
    registry: Annotated[Port, about("住民基本台帳ネットワーク。")] = 8614
    network: Annotated[Port, about("情報提供ネットワーク（コアシステム）。")] = 8615
    intermediate: Annotated[Port, about("中間サーバー。")] = 8616
    smtp: Annotated[Port, about("模擬メールボックスがメールを受け取るSMTP。")] = 8625

    def of(self, system: System) -> int:
        port = getattr(self, system.value)
        assert isinstance(port, int)
        return port


class WorldSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """世界（模擬システム）の設定."""

    seed: Annotated[
        int, about("国の種。同じ種からは、同じ住民と同じカードができます。"), msgspec.Meta(ge=0)
    ] = 1
    host: Annotated[str, about("模擬システムが待ち受けるアドレス。")] = "127.0.0.1"
    ports: Annotated[Ports, about("模擬システムのポート。")] = Ports()
    ocsp_refresh_seconds: Annotated[
        int,
        about(
            "電子証明書の失効がOCSPに現れるまでの最長の秒数。本物と同じ15分（900）が既定です。試験では短くできます。"
        ),
        msgspec.Meta(ge=1, le=86_400),
    ] = 900
    valid_my_numbers: Annotated[
        bool,
        about("検査用数字の正しいマイナンバーを使うか。falseなら本物と見分けられるよう、わざと1ずらします。"),
    ] = False
    traffic: Annotated[
        str | float,
        about(
            "ほかの機関どうしの照会を、試験のあいだに流す量。off、actual（毎秒27件）、design（91件）、"
            "actual-peak（135件）、design-peak（455件）、または1秒あたりの件数。動いている間も、"
            "情報提供ネットワークのページで変えられます。"
        ),
    ] = "off"

    def __post_init__(self) -> None:
        rate_of(self.traffic_rate)

    @property
    def traffic_rate(self) -> str:
        """照会の流れ as `sim.network.rates.rate_of` reads it."""
        return self.traffic if isinstance(self.traffic, str) else f"{self.traffic:g}"


class Addresses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """各システムのアドレス。空なら、この計算機の上の、設定されたポートです。別のシステムに置き換えるときに書きます."""

    portal: Annotated[str, about("マイナポータル。")] = ""
    front: Annotated[str, about("世界の入口のページ。")] = ""
    card_desk: Annotated[str, about("カードリーダー。")] = ""
    mailbox: Annotated[str, about("メールボックスのページ。")] = ""
    jpki: Annotated[str, about("公的個人認証サービス。")] = ""
    registry: Annotated[str, about("住民基本台帳ネットワーク。")] = ""
    network: Annotated[str, about("情報提供ネットワーク。")] = ""
    intermediate: Annotated[str, about("中間サーバー。")] = ""
    smtp: Annotated[str, about("通知メールを渡すSMTPサーバー（ホスト名:ポート）。")] = ""

    def of(self, system: System) -> str:
        address = getattr(self, system.value)
        assert isinstance(address, str)
        return address
