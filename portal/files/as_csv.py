"""A sheet as CSV, for spreadsheets: UTF-8 with a byte order mark."""

from portal.files.sheet import Sheet
from portal.wire.csv_lines import csv_lines


def as_csv(sheet: Sheet) -> bytes:
    heading = [*(name for name, _ in sheet.repeated), *sheet.columns]
    repeated = [text for _, text in sheet.repeated]
    rows = ([*repeated, *row] for row in sheet.rows)
    return (csv_lines([heading]) + csv_lines(rows)).encode("utf-8-sig", "replace")
