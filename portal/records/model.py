"""やりとり履歴: the rules of a period (REC-1)."""

from datetime import date, timedelta

from portal.wire.limits import RECORDS_PERIOD_DAYS_MAX
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
    if end - start > timedelta(days=RECORDS_PERIOD_DAYS_MAX):
        return problem(
            ProblemCode.PERIOD_REFUSED,
            "記録が残るのは7年間です。期間を7年以内にしてください。",
            field="$.start",
        )
    return None
