"""The files that ``mynasim nation`` writes and reads: whole or not at all; workbooks row by row."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from portal.refusal import Refusal

WORKBOOK_ROWS_MAX = 1_048_576
"""What a sheet of a workbook holds, its heading included."""
TABLE_BYTES_MAX = 50_000_000
"""The official tables have a few million."""
_MADE = datetime(2026, 4, 1)  # noqa: DTZ001  so that the same residents give the same bytes

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a disk says that knows no second name for a file."""

Row = tuple[str, ...]


class FileRefused(Refusal):
    """Why a file can't be written or read."""


def check_free(target: Path, *, force: bool) -> None:
    """Raises :class:`FileRefused` when nothing may be written there, before any work has gone into it."""
    if target.exists() and not target.is_file():
        raise FileRefused(
            f"{target} はふつうのファイルではないので、書き出せません。--out で別の名前を指定してください。"
        )
    if target.exists() and not force:
        raise FileRefused(f"{target} はすでにあります。上書きするなら --force を付けてください。")
    if not target.parent.is_dir():
        raise FileRefused(f"フォルダー {target.parent} がありません。")


@contextmanager
def whole_file(target: Path, *, force: bool) -> Iterator[Path]:
    """A draft beside *target*, which takes its name when the block ends well, and is gone when it doesn't.

    Raises :class:`FileRefused`.
    """
    target = target.resolve()
    check_free(target, force=force)
    sweep_drafts(target)
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        _give_name(draft, target, force=force)
    except FileExistsError as error:
        raise FileRefused(f"{target} はすでにあります。上書きするなら --force を付けてください。") from error
    except OSError as error:
        raise FileRefused(f"{target} に書き出せません（{error.strerror or error}）。") from error
    finally:
        # Also what a stop between two of our lines has left beside the draft.
        with suppress(OSError):
            sweep_drafts(target)


def sweep_drafts(target: Path) -> None:
    """Remove what exports of this name have left that nobody could stop in order (``kill -9``, a power cut)."""
    form = re.compile(rf"\.{re.escape(target.name)}\.([0-9]{{1,10}})\.draft(\.[^.]+)?\Z")
    for path in target.parent.iterdir():
        found = form.match(path.name)
        if found is None or _runs(int(found[1])):
            continue
        # What can't be removed is not in the way of this export.
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _runs(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _give_name(draft: Path, target: Path, *, force: bool) -> None:
    if force:
        draft.replace(target)
        return
    try:
        os.link(draft, target)  # unlike a renaming, it never takes the place of what came in between
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        check_free(target, force=False)
        draft.replace(target)


def write_lines(draft: Path, lines: Iterable[str], encoding: str) -> None:
    """Text as it comes, line ends included."""
    with draft.open("w", encoding=encoding, newline="") as file:
        file.writelines(lines)


def write_workbook(draft: Path, fields: Sequence[str], rows: Iterable[Row]) -> None:
    """One sheet, every cell a text: nothing in it is ever worked out. Each row is forgotten when the next one comes."""
    import xlsxwriter
    from xlsxwriter.exceptions import XlsxWriterException

    with tempfile.TemporaryDirectory(prefix=f"{draft.name}.", dir=draft.parent) as beside:
        workbook = xlsxwriter.Workbook(
            str(draft),
            {
                "constant_memory": True,
                "tmpdir": beside,
                "strings_to_formulas": False,
                "strings_to_urls": False,
            },
        )
        workbook.set_properties({"created": _MADE})
        sheet = workbook.add_worksheet("住民")
        heading = workbook.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(fields):
            sheet.set_column(column, column, 32 if name == "住所" else 16)
        for column, name in enumerate(fields):
            sheet.write_string(0, column, name, heading)
        try:
            for number, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell)
        except BaseException:
            sheet.row_data_fh.close()  # the rows so far, which nobody wants any more
            raise
        try:
            workbook.close()
        except XlsxWriterException as error:
            raise FileRefused(f"書き出せません（{error}）。") from error


def read_table(
    path: Path, rows_of_text: Callable[[bytes], Iterator[Sequence[str]]]
) -> Iterator[Sequence[str]]:
    """Rows of a workbook's first sheet, or of a text file by *rows_of_text*. Raises :class:`FileRefused`."""
    try:
        if path.stat().st_size > TABLE_BYTES_MAX:
            raise FileRefused(f"{path} は大きすぎます（{TABLE_BYTES_MAX // 1_000_000}MBまで）。")
        data = path.read_bytes()
    except OSError as error:
        raise FileRefused(f"{path} を読めません（{error.strerror}）。") from error
    if data[:4] == b"PK\x03\x04":
        return _workbook_rows(path)
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise FileRefused(f"{path} は古い形式のExcel（.xls）です。.xlsx か .csv に保存し直してください。")
    return rows_of_text(data)


def _workbook_rows(path: Path) -> Iterator[Sequence[str]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield [_text(cell) for cell in row]
        book.close()
    # A broken workbook breaks its reader in any way, none of which says more to people than that it is broken.
    except Exception as error:
        raise FileRefused(
            f"{path} をExcelのブックとして読めません。壊れていないか確かめてください。"
        ) from error


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
