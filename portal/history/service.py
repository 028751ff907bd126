"""Writes lines of the history, in the transaction of what they tell of, and finds them again (HIS-1, 2, 3)."""

from portal.accounts.model import OpenedAccount
from portal.files.as_csv import as_csv
from portal.files.service import File, FileKind
from portal.folder.sealing import Sealer
from portal.history import tables
from portal.history.model import LINES_AT_ONCE_MAX, Cursor, Line, oldest_ms, range_of, read_cursor
from portal.history.sheet import sheet_of
from portal.seams.clock import Clock
from portal.store.store import Op, Store
from portal.wire.history import Action, HistoryLine, HistoryLines, HistoryQuery, Operator, Service
from portal.wire.limits import HISTORY_IN_FILE_MAX
from portal.wire.moments import day_of, to_jst
from portal.wire.operation import CSV
from portal.wire.problems import Problem, ProblemCode, problem


class History:
    """操作履歴."""

    def __init__(self, store: Store, clock: Clock, sealer: Sealer) -> None:
        self._store = store
        self._clock = clock
        self._sealer = sealer

    def __repr__(self) -> str:
        return "History()"

    def line(
        self,
        account: OpenedAccount,
        service: Service,
        action: Action,
        about: str = "",
        *,
        detail: str = "",
        operator: Operator = Operator.SELF,
        at_ms: int | None = None,
    ) -> Op:
        """The operation that writes this line; it goes into the transaction of what it tells of.

        *at_ms* is when it happened, if that was not now.
        What is done by a proxy's hand stands there as the proxy's, with their nickname, whatever is said here (PRX-7).
        """
        if account.by is not None:
            operator = Operator.PROXY
            detail = f"{account.by.nickname}（代理人）" + (f" {detail}" if detail else "")
            # The owner may do the same in the same millisecond: these are two lines.
            about = f"{about}/{account.by.delegation_id}"
        at = self._clock.now_ms() if at_ms is None else at_ms
        line = Line(account.account_id, at, str(service), str(action), about, str(operator), None)
        if detail:
            line = line._replace(
                detail=self._sealer.seal(
                    account.account_id, account.account.wrapped_key, line.place, detail.encode()
                )
            )
        return tables.insert(line)

    async def file(self, owner: OpenedAccount, query: HistoryQuery) -> File | Problem:
        """The same lines as a CSV file, as many as a file holds."""
        found = await self.search(owner, query, HISTORY_IN_FILE_MAX)
        if isinstance(found, Problem):
            return found
        sheet = sheet_of(found.lines, day_of(self._clock.now_ms()))
        return File(f"{sheet.name}.{FileKind.CSV}", CSV, as_csv(sheet))

    async def search(
        self, owner: OpenedAccount, query: HistoryQuery, most: int = LINES_AT_ONCE_MAX
    ) -> HistoryLines | Problem:
        """The owner's lines, newest first, so many at a time."""
        within = range_of(query, self._clock.now_ms())
        if isinstance(within, Problem):
            return within
        after = None if query.before is None else read_cursor(query.before)
        if after is None and query.before is not None:
            return problem(
                ProblemCode.UNPROCESSABLE, "before には、前の回答の next を入れてください。", field="$.before"
            )
        # One more than is shown tells whether there are more.
        found = await self._store.read(*tables.search(owner.account_id, query, within, after, most + 1))
        shown = found[:most]
        more = None
        if len(found) > most:
            last = shown[-1]
            more = Cursor(last.at_ms, last.service, last.action, last.about).text()
        return HistoryLines(tuple(self._shown(owner, line) for line in shown), more)

    def _shown(self, owner: OpenedAccount, line: Line) -> HistoryLine:
        detail = ""
        if line.detail is not None:
            detail = self._sealer.open(
                owner.account_id, owner.account.wrapped_key, line.place, line.detail
            ).decode()
        return HistoryLine(
            to_jst(line.at_ms), Service(line.service), Action(line.action), Operator(line.operator), detail
        )

    async def sweep(self) -> None:
        """Delete what has been kept long enough (HIS-3)."""
        await self._store.write([tables.delete_older(oldest_ms(self._clock.now_ms()))])
