"""What can be set of the portal. Each field says what it is; ``mynasim settings`` prints them all."""

from typing import Annotated

import msgspec

from portal.rates import RateSettings
from portal.serving.limits import about
from portal.wire import limits


class PortalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """マイナポータルの設定."""

    host: Annotated[str, about("待ち受けるアドレス。既定ではこの計算機からだけ使えます。")] = "127.0.0.1"
    port: Annotated[
        int, about("待ち受けるポート。使用中なら次の空きを使います。"), msgspec.Meta(ge=0, le=65535)
    ] = 8600
    tls: Annotated[
        bool,
        about(
            "利用者をTLS（HTTPS）で迎えるか。証明書は起動のときに作り、状態フォルダーに置きます。"
            "平文のポートは、ほかのシステムのためだけに残ります。"
        ),
    ] = False
    tls_port: Annotated[
        int, about("TLSで待ち受けるポート。使用中なら次の空きを使います。"), msgspec.Meta(ge=0, le=65535)
    ] = 8643
    tls_hosts: Annotated[
        str,
        about("証明書に書く、この計算機のほかの名前やアドレスを、コンマで区切って。"),
        msgspec.Meta(pattern=r"^([A-Za-z0-9.:-]{1,253}(, ?[A-Za-z0-9.:-]{1,253})*)?$(?!\n)"),
    ] = ""
    lane: Annotated[
        bool,
        about(
            "平文のHTTP/1.1を自前の経路で処理するか。falseならHypercornが処理しますが、遅く、あやしい要求への備えも弱くなります。"
        ),
    ] = True
    store: Annotated[
        str,
        about(
            "保管庫の場所。空なら状態フォルダーのSQLite。PostgreSQLなら postgresql://利用者@計算機/データベース の形。"
            "合言葉はここに書かず、環境変数 PGPASSWORD か ~/.pgpass に置けます。"
        ),
        msgspec.Meta(pattern=r"^(postgres(ql)?://\S+)?$(?!\n)"),
    ] = ""
    workers: Annotated[
        int,
        about("ポータルのプロセスの数。2以上にするには、store をPostgreSQLにします。目安はCPUの数。"),
        msgspec.Meta(ge=1, le=64),
    ] = 1
    trust_folder: Annotated[
        str,
        about("信頼する利用者証明用認証局の証明書（DER）を置くフォルダー。空なら状態フォルダーの trust。"),
    ] = ""
    policies: Annotated[
        tuple[str, ...], about("受け付ける利用者証明用電子証明書のポリシーOID。"), msgspec.Meta(min_length=1)
    ] = ("1.2.392.200149.8.5.1.3.30",)
    crl_instead_of_ocsp: Annotated[
        bool, about("OCSPが答えないとき、期限内の失効リスト（CRL）で代えるか。falseならログインを断ります。")
    ] = True
    bridge_url: Annotated[
        str,
        about(
            "ログインの画面で、利用者の計算機で動くカードブリッジ（mynasim card bridge）も使えるようにするとき、その場所。"
            "例: http://127.0.0.1:8640 。空なら使いません。"
        ),
        msgspec.Meta(pattern=r"^(https?://[A-Za-z0-9.\-\[\]:]+/?)?$(?!\n)"),
    ] = ""
    mail_sender: Annotated[
        str, about("通知メールの差出人。"), msgspec.Meta(pattern=r"^[^@\s<>]+@[^@\s<>]+$(?!\n)")
    ] = "no-reply@portal.mynasim.invalid"
    session_idle_seconds: Annotated[
        int, about("操作がないとき自動でログアウトするまでの秒数。"), msgspec.Meta(ge=60)
    ] = limits.SESSION_IDLE_SECONDS
    session_idle_shared_seconds: Annotated[
        int,
        about("コンビニや公共機関の端末で、操作がないとき自動でログアウトするまでの秒数。"),
        msgspec.Meta(ge=5),
    ] = limits.SESSION_IDLE_SHARED_SECONDS
    session_seconds_max: Annotated[int, about("ログインしていられる最長の秒数。"), msgspec.Meta(ge=60)] = (
        limits.SESSION_SECONDS_MAX
    )
    challenge_seconds: Annotated[int, about("カードで署名する値の有効秒数。"), msgspec.Meta(ge=10)] = (
        limits.CHALLENGE_SECONDS
    )
    immediate_wait_seconds: Annotated[
        float,
        about("自己情報の回答を画面で待つ最長の秒数。過ぎると「後日回答」になります。"),
        msgspec.Meta(ge=0),
    ] = limits.IMMEDIATE_WAIT_SECONDS
    asking_again_days_max: Annotated[
        int,
        about("回答がないまま問い合わせ続ける日数。過ぎると書面での請求を案内します。"),
        msgspec.Meta(ge=1, le=3_650),
    ] = limits.ASKING_AGAIN_DAYS_MAX
    rates: Annotated[RateSettings, about("短い時間に多すぎる操作を断る回数")] = RateSettings()
