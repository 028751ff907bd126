"""What can be set of the world around the portal. ``mynasim settings`` prints it all."""

from typing import Annotated, Literal

import msgspec

from portal.serving.limits import about
from portal.wire.systems import System
from sim.intermediate.profiles import PROFILES
from sim.nation.municipalities import UnknownMunicipality, municipality
from sim.nation.organisations import UnknownOrganisation, of_municipality, organisation
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


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.replace("、", ",").replace(" ", "").split(",") if part)


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
    life: Annotated[
        Literal["off", "on"],
        about(
            "日がたつにつれて、出生・死亡・婚姻・転居・就職などの異動が起きるか。offなら、届け出た異動だけが起きます。"
        ),
    ] = "off"
    life_in: Annotated[
        str,
        about(
            "lifeがonのとき異動が起きる市区町村のコード（6桁）を、コンマで区切って。"
            "空なら、世界の入口のはじめにのっている住民の住む市区町村です。"
        ),
    ] = ""
    paper_only: Annotated[
        str,
        about(
            "自己情報を電子的に提供しない機関（書面での開示請求を案内します）のコードを、コンマで区切って。"
            "機関コード（16桁）か市区町村コード（6桁）。"
        ),
    ] = ""
    server_profile: Annotated[
        str,
        about(
            "中間サーバーの動き方（稼働時間・接続数・送信件数・応答時間）の既定。always、online、office_hours、"
            "nightly、small、crowded。機関ごとには、中間サーバーのAPIで変えられます。"
        ),
    ] = "always"

    def __post_init__(self) -> None:
        rate_of(self.traffic_rate)
        if self.server_profile not in PROFILES:
            raise ValueError(f"server_profile に選べるのは {'、'.join(PROFILES)} です。")
        _ = self.life_places, self.paper_organisations

    @property
    def life_places(self) -> tuple[str, ...]:
        """Codes of municipalities. Raises ValueError in words for people."""
        try:
            return tuple(municipality(code).code for code in _parts(self.life_in))
        except UnknownMunicipality as error:
            raise ValueError(str(error)) from None

    @property
    def paper_organisations(self) -> frozenset[str]:
        """Codes of organisations (SELF-5). Raises ValueError in words for people."""
        try:
            return frozenset(
                (of_municipality(municipality(code).code) if len(code) == 6 else organisation(code)).code
                for code in _parts(self.paper_only)
            )
        except (UnknownMunicipality, UnknownOrganisation) as error:
            raise ValueError(str(error)) from None

    @property
    def traffic_rate(self) -> str:
        """照会の流れ as `sim.network.rates.rate_of` reads it."""
        return self.traffic if isinstance(self.traffic, str) else f"{self.traffic:g}"


class Addresses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """各システムのアドレス。空なら、この計算機の上の、設定されたポートです。別のシステムに置き換えるときに書きます."""

    portal: Annotated[str, about("マイナポータル。")] = ""
    portal_tls: Annotated[
        str, about("利用者がマイナポータルを開くアドレス（https）。TLSを使うときだけ書きます。")
    ] = ""
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
