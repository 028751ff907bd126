"""よくある質問: what people ask, and how they find it (FAQ-1)."""

import unicodedata

from portal.wire.inquiries import FaqEntry, InquiryKind, SearchFaq
from portal.wire.limits import (
    HISTORY_KEPT_MONTHS,
    MAIL_ADDRESSES_MAX,
    MAIL_CODE_TRIES_MAX,
    PROXY_YEARS_MAX,
    RECORDS_KEPT_YEARS,
    SESSION_IDLE_SECONDS,
    SESSION_IDLE_SHARED_SECONDS,
    UNREAD_KEPT_YEARS,
)

_K = InquiryKind

FAQ: tuple[FaqEntry, ...] = (
    FaqEntry(
        "card", _K.SIGN_IN, "ログインには何が要りますか",
        "マイナンバーカードと、利用者証明用電子証明書の4けたの暗証番号が要ります。この模擬システムでは、模擬カードを使います。",
    ),
    FaqEntry(
        "pin-locked", _K.SIGN_IN, "暗証番号を間違えて、カードが使えなくなりました",
        "暗証番号は、3回続けて間違えると使えなくなります。市区町村の窓口で、暗証番号を決めなおしてください。"
        "模擬カードの暗証番号は、カードの一覧の画面か mynasim card unblock でもどせます。",
    ),
    FaqEntry(
        "expired", _K.SIGN_IN, "電子証明書の有効期間が過ぎたと出ます",
        "市区町村の窓口で、電子証明書の発行を受けてください。新しい電子証明書でも、いままでのアカウントをそのまま使えます。",
    ),
    FaqEntry(
        "signed-out", _K.SIGN_IN, "いつのまにかログアウトしていました",
        f"操作がないまま{SESSION_IDLE_SECONDS // 60}分（コンビニや公共機関の端末では{SESSION_IDLE_SHARED_SECONDS // 60}分）たつと、"
        "安全のためにログアウトします。",
    ),
    FaqEntry(
        "unknown-sign-in", _K.SIGN_IN, "身に覚えのないログインの知らせが届きました",
        "カードの暗証番号を変え、「操作履歴」で、いつ何がされたかを確かめてください。",
    ),
    FaqEntry(
        "what-is-kept", _K.ACCOUNT, "マイナポータルは、わたしの名前や住所を保存しますか",
        "保存しません。氏名・生年月日・性別・住所と、マイナンバーは、アカウントにもフォルダーにも残りません。",
    ),
    FaqEntry(
        "mail-code", _K.ACCOUNT, "メールの確認番号が届きません",
        "迷惑メールの中と、アドレスのつづりを確かめてください。番号は1時間使え、"
        f"{MAIL_CODE_TRIES_MAX}回間違えると使えなくなります。「アカウント設定」から、新しい番号を送れます。",
    ),
    FaqEntry(
        "mail-addresses", _K.ACCOUNT, "メールアドレスはいくつ登録できますか",
        f"{MAIL_ADDRESSES_MAX}つまでです。どんなときにメールを受け取るかは、「アカウント設定」で選べます。",
    ),
    FaqEntry(
        "close", _K.ACCOUNT, "利用をやめるには、どうすればよいですか",
        "「アカウント設定」の下のほうから、アカウントを閉じられます。フォルダーの中身は、すべて消えます。",
    ),
    FaqEntry(
        "proxy", _K.ACCOUNT, "家族に、かわりに見てもらえますか",
        "「代理人」の画面で、家族などを代理人にできます。まかせることと期間（登録の日から"
        f"{PROXY_YEARS_MAX}年まで）を決め、代理人になる方が、いっしょにいるところで、自分のカードで同意します。"
        "代理人がしたことは、あなたの「操作履歴」に残ります。いつでもやめられます。",
    ),
    FaqEntry(
        "records-what", _K.RECORDS, "「やりとり履歴」では何がわかりますか",
        "あなたの情報を、どの役所などが、いつ、何のために、ほかの役所などに求めたかがわかります。"
        f"記録は{RECORDS_KEPT_YEARS}年間残ります。情報の中身は出ません。",
    ),
    FaqEntry(
        "records-unknown", _K.RECORDS, "身に覚えのないやりとりがあります",
        "照会した機関の事務名と手続名を確かめ、その機関にお問い合わせください。",
    ),
    FaqEntry(
        "late", _K.SELF_INFORMATION, "「問い合わせ中」のまま、回答が来ません",
        "情報を持っている役所などのシステムが止まっている間は、回答を待ちます。動きはじめると届きます。"
        "届いたことは、メールでも受け取れます。30日たっても回答がないときは、書面での請求をご案内します。",
    ),
    FaqEntry(
        "gone", _K.SELF_INFORMATION, "見た情報が消えました",
        "見終わった開示の結果は、ログアウトすると消えます。まだ見ていない結果は、"
        f"受け取ってから{UNREAD_KEPT_YEARS}年で消えます。必要なときは、もういちど請求してください。",
    ),
    FaqEntry(
        "paper", _K.SELF_INFORMATION, "「書面で請求」と出ました",
        "その役所などは、電子では回答していません。窓口か郵送で、書面による開示を請求してください。",
    ),
    FaqEntry(
        "no-notices", _K.NOTICES, "お知らせが届きません",
        "お知らせは、役所などが送ったときにだけ「お知らせ」に入ります。送られたはずのものがないときは、送り主の役所にお問い合わせください。"
        "メールで知らせてほしいときは、「アカウント設定」でアドレスを登録して確認番号を入れ、"
        "「行政機関からのお知らせが届いたとき」を選んでください。",
    ),
    FaqEntry(
        "notice-retention", _K.NOTICES, "お知らせは、いつまで残りますか",
        "送り主の役所が決めた日まで残ります。見ても、ログアウトしても、その日までは消えません。自分で削除することもできます。",
    ),
    FaqEntry(
        "questionnaire", _K.NOTICES, "アンケートの回答は、あとから変えられますか",
        "回答の期限までは、何度でも変えられます。最後に送った回答が、送り主に届きます。",
    ),
    FaqEntry(
        "history", _K.OTHER, "だれが、いつ、何をしたかを確かめられますか",
        f"「操作履歴」で確かめられます。{HISTORY_KEPT_MONTHS}か月分が残ります。",
    ),
)  # fmt: skip


def plain(text: str) -> str:
    """As it is compared: one width, small letters, katakana as hiragana."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in folded)


SYNONYMS: dict[str, str] = {
    "card": "マイナカード パスワード PIN ログインできない",
    "pin-locked": "パスワード PIN ロック 忘れた 再設定",
    "expired": "更新 期限切れ 失効",
    "signed-out": "タイムアウト 時間切れ",
    "mail-code": "認証コード メールが届かない",
    "mail-addresses": "メールが届かない 通知 変更",
    "close": "閉じる 退会 解約 やめたい アカウント削除 登録を消す",
    "proxy": "親 子ども 介護 委任",
    "late": "届かない 遅い 来ない",
    "gone": "なくなった 削除された",
    "no-notices": "お知らせが届かない 通知が来ない 来ません",
    "notice-retention": "保存期間 消える",
    "history": "ログ 不正 なりすまし",
}
"""What people call it, where neither the question nor the answer does."""

_PLAIN = {
    entry.faq_id: plain(f"{entry.question} {entry.answer} {SYNONYMS.get(entry.faq_id, '')}") for entry in FAQ
}


def search(wanted: SearchFaq) -> tuple[FaqEntry, ...]:
    """Entries of this kind with all of these words, in the order of the list."""
    words = plain(wanted.words or "").split()
    return tuple(
        entry
        for entry in FAQ
        if (wanted.kind is None or entry.kind is wanted.kind)
        and all(word in _PLAIN[entry.faq_id] for word in words)
    )
