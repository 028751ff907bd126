"""The deck's requirements by identifier, each with a short Japanese title: what a report's matrix is made of."""

import difflib
from collections.abc import Iterable

from portal.refusal import Refusal

TITLES: dict[str, str] = {
    "ACC-1": "カード・電子証明書・暗証番号によるログイン",
    "ACC-2": "初回ログインでのアカウント開設（一人に一つ）",
    "ACC-3": "ニックネーム",
    "ACC-4": "メールアドレスと通知の設定",
    "ACC-5": "アカウント設定の変更と閉鎖",
    "ACC-6": "メールによるお知らせ",
    "ACC-7": "端末の種類",
    "FLD-1": "フォルダーは本人と代理人だけのもの",
    "FLD-2": "4情報とマイナンバーを保存しない",
    "FLD-3": "開示結果の保存期間",
    "FLD-4": "お知らせの保存期間",
    "FLD-5": "手動での削除・閲覧・ダウンロード",
    "REC-1": "期間を指定した記録の請求",
    "REC-2": "記録の即時回答",
    "REC-3": "記録の後日回答",
    "REC-4": "記録からの自己情報の請求",
    "REC-5": "不開示フラグのある記録",
    "SELF-1": "特定個人情報の名称による検索",
    "SELF-2": "分野・細目による検索",
    "SELF-3": "情報を持つ機関の検索",
    "SELF-4": "機関による絞り込み",
    "SELF-5": "書面による請求の案内",
    "SELF-6": "中間サーバー停止時の後日回答",
    "SELF-7": "後日回答のメール",
    "SELF-8": "データ標準以外の関連文書",
    "SELF-9": "自己情報の不開示",
    "NOT-1": "お知らせの送信",
    "NOT-2": "フォルダーの有無の照会",
    "NOT-3": "お知らせ到着のメール",
    "NOT-4": "アンケート",
    "NOT-5": "お知らせの保存期間の指定",
    "NOT-6": "お知らせの確認と取消し",
    "NOT-7": "支払いURL・リンク・領収書つきのお知らせ",
    "PRX-1": "対面での代理人登録",
    "PRX-2": "複数の代理人",
    "PRX-3": "代理権の範囲",
    "PRX-4": "自己情報ごとの代理権",
    "PRX-5": "代理権は2年まで",
    "PRX-6": "代理権の期限の予告",
    "PRX-7": "代理人の操作履歴",
    "HIS-1": "操作履歴の検索",
    "HIS-2": "操作履歴の内容",
    "HIS-3": "操作履歴の保存（15か月）",
    "FAQ-1": "よくある質問",
    "FAQ-2": "問い合わせと回答",
    "EXT-1": "外部サイトとの連携",
    "EXT-2": "外部サイトへの情報提供",
    "EXT-3": "民間送達サービス",
    "SVC-1": "サービス検索",
    "SVC-2": "検索結果からの案内",
    "SVC-3": "サービスの統計",
    "APP-1": "電子申請",
    "APP-2": "券面事項の入力補助",
    "APP-3": "申請完了のメール",
    "APP-4": "申請の受付と審査",
    "APP-5": "申請データの引渡し",
    "MNT-1": "職員アカウント",
    "MNT-2": "サービスの登録",
    "MNT-3": "登録の審査",
    "MNT-4": "登録の経路",
    "MNT-5": "自治体の統計",
    "MNT-6": "職員からの問い合わせ",
    "PAY-1": "支払いURL",
    "PAY-2": "支払い",
    "PAY-3": "収納",
    "PAY-4": "領収書",
    "PAY-5": "二重払い・払い漏れがない",
    "NET-1": "新しいLGWAN-ASP",
    "NET-2": "既存のLGWAN-ASP",
    "NET-3": "民間送達による申請",
    "NET-4": "インターネット端末",
    "NET-5": "専用線による直接接続",
    "USE-1": "予防接種",
    "USE-2": "児童手当の認定請求",
    "USE-3": "児童扶養手当の現況届",
    "USE-4": "保育園の入所",
    "USE-5": "地方税",
    "OPS-1": "接続試験と総合運用テスト",
    "OPS-2": "試験仕様と試験データ",
    "OPS-3": "試験の実施",
    "OPS-4": "結果の評価",
}


class Unknown(Refusal):
    """A name that there is not; the message says which ones come near."""


def check(wanted: str, known: Iterable[str], what: str) -> None:
    """Raises :class:`Unknown` unless *wanted* is among *known*."""
    names = list(known)
    if wanted in names:
        return
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5) or [n for n in names if wanted in n][:3]
    hint = f"近いもの: {'、'.join(near)}。" if near else ""
    raise Unknown(f"{what}「{wanted}」はありません。{hint}一覧は mynasim scenarios run --list で見られます。")
