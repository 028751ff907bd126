"""自己情報 as a sheet, for files to take home (FLD-5); what is withheld says so (SELF-9)."""

from portal.files.sheet import Sheet
from portal.web.design import time_ja, wareki
from portal.wire.self_information import SelfInformationContent


def sheet_of(answer: SelfInformationContent) -> Sheet:
    content, asked = answer.content, answer.request
    assert asked.answered_at is not None, asked
    rows = [(item.name, item.value) for item in content.items]
    if content.withheld_items:
        rows.append(("（不開示）", f"{content.withheld_items}項目が、機関の判断により開示されていません。"))
    about = (
        ("特定個人情報名", content.information.name),
        ("情報を持っている機関", content.organisation.name),
        ("いつの時点の情報か", wareki(content.as_of)),
    )
    notes = [
        f"関連書類「{attached.name}」は、このファイルに含まれません。画面から保存してください。"
        for attached in content.attachments
    ]
    return Sheet(
        f"{content.information.name}_{content.organisation.name}_{content.as_of:%Y%m%d}",
        f"あなたの情報：{content.information.name}",
        (
            *about,
            ("請求した日時", time_ja(asked.asked_at)),
            ("届いた日時", time_ja(asked.answered_at)),
        ),
        ("項目", "内容"),
        rows,
        about,
        notes,
    )
