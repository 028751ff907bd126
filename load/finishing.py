"""The end of a run under plain Locust: the same files and the same exit codes as ``mynasim load`` gives."""

from argparse import Namespace
from pathlib import Path

from load.levels import Levels, load_levels
from load.measuring import Report
from load.plan import Plan
from load.report import junit as junit_file
from load.report import page
from load.result import Exit, Result, describe, read, save


def write(
    result: Result,
    *,
    report: Path | None = None,
    junit: Path | None = None,
    keep: Path | None = None,
    earlier: Result | None = None,
) -> None:
    """The files that were asked for. Raises ``OSError``."""
    if report is not None:
        page.write(result, report, earlier)
    if junit is not None:
        junit_file.write(result, junit)
    if keep is not None:
        save(result, keep)


class Ending:
    """What plain Locust's options ask for; read before anything is started, so that mistakes are found then."""

    def __init__(self, options: Namespace) -> None:
        """Raises ``ValueError``, in Japanese."""
        self._options = options
        self._levels = load_levels(Path(options.sla)) if options.sla else Levels()
        self._earlier = read(Path(options.compare)) if options.compare else None
        self._is_wanted = any((options.sla, options.report, options.junit, options.save))

    def __repr__(self) -> str:
        return f"<Ending: {'judged' if self._is_wanted else 'not judged'}>"

    def end(
        self,
        plan: Plan | None,
        report: Report,
        *,
        host: str,
        began_at: str,
        users: int,
        processes: int,
        missing: int,
    ) -> Exit | None:
        """Write the files; the exit code, or None where nothing was asked for. Raises ``OSError``."""
        if not self._is_wanted:
            return None
        options = self._options
        about = describe(
            plan, options.only, host=host, began_at=began_at, seconds=report.seconds, users=users,
            processes=processes, seed=options.seed, nation=options.nation,
            residents=options.residents if plan is not None else options.residents_each,
            card_keys=options.card_keys if plan is not None else 0,
            think=None if options.think < 0 else options.think,
        )  # fmt: skip
        result = Result(about, report, self._levels, missing)
        write(
            result,
            report=_path(options.report),
            junit=_path(options.junit),
            keep=_path(options.save),
            earlier=self._earlier,
        )
        return result.exit_code


def _path(text: str) -> Path | None:
    return Path(text) if text else None
