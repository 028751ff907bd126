"""Makes files of sheets: CSV at once, PDF where it keeps nobody else waiting."""

from enum import StrEnum
from functools import partial
from typing import NamedTuple

from portal.files.as_csv import as_csv
from portal.files.as_pdf import as_pdf
from portal.files.sheet import Sheet
from portal.seams.workshop import Workshop
from portal.wire.operation import CSV, PDF
from portal.wire.problems import Problem, ProblemCode, problem

TOO_BUSY = problem(
    ProblemCode.OVERLOADED,
    "PDFを作る人が多いため、時間内に作れませんでした。しばらく待ってからもう一度お試しになるか、CSVをお使いください。",
)


class FileKind(StrEnum):
    """What a file is, and how its name ends."""

    CSV = "csv"
    PDF = "pdf"


MEDIA = {FileKind.CSV: CSV, FileKind.PDF: PDF}


class File(NamedTuple):
    """ファイル."""

    name: str
    media_type: str
    content: bytes


class Files:
    """ファイルの作成."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def __repr__(self) -> str:
        return f"Files({self._workshop!r})"

    async def make(self, sheet: Sheet, kind: FileKind) -> File | Problem:
        """The file; a problem when it can't be made in time."""
        if kind is FileKind.CSV:
            # At once: two thousand rows take some milliseconds.
            return File(f"{sheet.name}.{kind}", MEDIA[kind], as_csv(sheet))
        content = await self._workshop.make(partial(as_pdf, sheet))
        if content is None:
            return TOO_BUSY
        return File(f"{sheet.name}.{kind}", MEDIA[kind], content)
