"""やりとり履歴: the rules of a period (REC-1)."""

from datetime import date

from portal.web.design import wareki
from portal.wire.disclosure import records_kept_from
from portal.wire.limits import RECORDS_KEPT_YEARS
from portal.wire.problems import Problem, ProblemCode, problem


def check_period(start: date, end: date, today: date) -> Problem | None:
    """What is wrong with this period, if anything; both days are included."""
    if end < start:
        return problem(
            ProblemCode.PERIOD_REFUSED, "終わりの日は、始まりの日と同じか後にしてください。", field="$.end"
        )
    if end > today:
        return problem(
            ProblemCode.PERIOD_REFUSED, "終わりの日は、今日までの日にしてください。", field="$.end"
        )
    oldest = records_kept_from(today)
    if start < oldest:
        return problem(
            ProblemCode.PERIOD_REFUSED,
            f"記録が残るのは{RECORDS_KEPT_YEARS}年間です。始まりの日は、{wareki(oldest)}か後にしてください。",
            field="$.start",
        )
    return None
