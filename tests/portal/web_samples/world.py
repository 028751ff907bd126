"""Samples of the world's first page."""

from web_samples.frame import ASKED, Sample, system

SAMPLES: list[Sample] = [
    (
        "front",
        "world/front.html",
        system(
            "mynasim 模擬の世界",
            "マイナポータルのまわりのシステムの一覧です",
            portal_url="http://127.0.0.1:8000/",
            mailbox_url="http://127.0.0.1:8109/",
            vaccination_url="/vaccination",
            reader_url="http://127.0.0.1:8101/",
            systems=[
                {
                    "name": name,
                    "role": role,
                    "url": f"http://127.0.0.1:{port}/",
                    "state": state,
                }
                for name, role, port, state in [
                    ("公的個人認証サービス", "電子証明書の発行、失効の確認（OCSP、CRL）", 8102, "up"),
                    ("情報提供ネットワークシステム", "機関のあいだの照会と提供、記録", 8103, "starting"),
                    ("中間サーバー", "機関の情報の副本を持ち、照会に答える", 8104, "down"),
                ]
            ],
            residents=[
                {
                    "id": f"131016-{number}",
                    "place": "東京都千代田区",
                    "about": "40代、子ども2人",
                    "pin": "1234",
                    "sign_pin": "ABC123",
                }
                for number in range(12, 17)
            ],
            stop="起動した端末で Ctrl + C を押します。",
            seed="mynasim",
            now=ASKED,
        ),
    ),
]
