"""One notice as a sheet, for files to take home (FLD-5)."""

from portal.files.sheet import Sheet
from portal.web.design import answer_ja, time_ja, wareki
from portal.wire.moments import to_jst, to_ms
from portal.wire.notices import NoticeState, OpenedNotice


def sheet_of(opened: OpenedNotice) -> Sheet:
    """What it says, what it carries, and what was answered; files that came with it are named, and taken by themselves."""
    notice = opened.notice
    rows = [("件名", notice.title)]
    if notice.state is NoticeState.WITHDRAWN:
        rows.append(("取り消し", "送り主が取り消しました"))
    rows += [("本文", paragraph) for paragraph in opened.text.split("\n") if paragraph]
    if opened.service is not None:
        rows.append(("手続の案内", f"{opened.service.label} {opened.service.url}"))
    if opened.payment_url is not None:
        rows.append(("支払い", opened.payment_url))
    rows += [("添付ファイル", file.name) for file in opened.attachments]
    if opened.questionnaire is not None:
        rows.append(("回答の期限", time_ja(to_jst(to_ms(opened.questionnaire.deadline)))))
        for number, question in enumerate(opened.questionnaire.questions):
            given = () if opened.answers is None else opened.answers[number]
            rows.append((f"問{number + 1} {question.text}", answer_ja(question, given)))
    return Sheet(
        f"お知らせ_{notice.arrived_at:%Y%m%d}_{notice.notice_id}",
        "お知らせ",
        (
            ("送り主", notice.sender.name),
            ("事務", notice.affair.name),
            ("届いた日時", time_ja(notice.arrived_at)),
            ("保存期限", wareki(notice.kept_until)),
        ),
        ("項目", "内容"),
        rows,
    )
