"""やりとり履歴 as a sheet, for files to take home (FLD-5)."""

from portal.files.sheet import Sheet
from portal.web.design import datetime_ja, time_ja, wareki
from portal.wire.disclosure import ProvisionResult
from portal.wire.records import RecordsContent

RESULTS = {
    ProvisionResult.PROVIDED: "提供",
    ProvisionResult.NOT_PROVIDED: "不提供",
    ProvisionResult.PENDING: "処理中",
}
COLUMNS = (
    "照会日時", "提供日時", "照会機関", "提供機関", "事務名", "事務手続名", "特定個人情報名", "結果", "記録の番号",
)  # fmt: skip


def sheet_of(answer: RecordsContent) -> Sheet:
    asked = answer.request
    assert asked.answered_at is not None, asked
    return Sheet(
        f"やりとり履歴_{asked.start:%Y%m%d}-{asked.end:%Y%m%d}",
        "やりとり履歴（情報提供等記録）",
        (
            ("期間", f"{wareki(asked.start)} から {wareki(asked.end)} まで"),
            ("請求した日時", time_ja(asked.asked_at)),
            ("回答の日時", time_ja(asked.answered_at)),
            ("記録の数", f"{len(answer.records)}件"),
        ),
        COLUMNS,
        [
            (
                datetime_ja(record.requested_at),
                "" if record.provided_at is None else datetime_ja(record.provided_at),
                record.inquirer.name,
                record.provider.name,
                record.affair.name,
                record.procedure.name,
                record.information.name,
                RESULTS[record.result],
                record.record_id,
            )
            for record in answer.records
        ],
        notes=("不開示と判断された記録は、ここには含まれません。",),
    )
