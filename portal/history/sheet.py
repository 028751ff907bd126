"""操作履歴 as a sheet, for a file to take home."""

from collections.abc import Sequence
from datetime import date

from portal.files.sheet import Sheet
from portal.history.model import ACTIONS, OPERATORS, SERVICES
from portal.web.design import datetime_ja
from portal.wire.history import HistoryLine

COLUMNS = ("日時", "サービス", "操作", "操作した人", "内容")


def sheet_of(lines: Sequence[HistoryLine], today: date) -> Sheet:
    rows = [
        (
            datetime_ja(line.at, seconds=True),
            SERVICES[line.service],
            ACTIONS[line.action],
            OPERATORS[line.operator],
            line.detail,
        )
        for line in lines
    ]
    return Sheet(f"操作履歴_{today:%Y%m%d}", "操作履歴", (("操作の数", f"{len(rows)}件"),), COLUMNS, rows)
