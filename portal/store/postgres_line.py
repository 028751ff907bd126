"""A line that is made anew when it was lost: with pauses that grow while the server is away."""

import structlog
import trio

from portal.store.postgres_session import Lost, Session, connect, described
from portal.store.store import StorageRefused

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 5.0
"""How long a write or a read waits for a server that is away; afterwards all are refused at once."""
RETRY_SECONDS: tuple[float, ...] = (0.05, 0.1, 0.2, 0.5, 1, 2)
"""Before the nth try: to connect, or to write what another process was in the way of; the last from then on."""
STEADY_SECONDS = 2.0
"""A line that held so long starts counting anew."""


class Line:
    """A session, or the next one."""

    def __init__(self, url: str, session: Session | None = None) -> None:
        self._url = url
        self._session = session
        self._made = trio.current_time()
        self._failures = 0
        self._next_try = 0.0
        self._away_since: float | None = None
        self._reason = ""

    async def session(self, deadline: float) -> Session:
        """The session, or a new one. Raises :class:`StorageRefused` when there is none by then."""
        while self._session is None:
            now = trio.current_time()
            # Who comes long after it broke need not wait: the others have waited for it already.
            patience = (
                deadline if self._away_since is None else min(deadline, self._away_since + PATIENCE_SECONDS)
            )
            if now < self._next_try:
                await trio.sleep_until(min(self._next_try, max(patience, now)))
                now = trio.current_time()
            if now < self._next_try or now >= deadline:
                raise StorageRefused(f"{described(self._url)} につながりません（{self._reason}）。")
            try:
                self._session = await connect(self._url)
            except Lost as lost:
                self._failed(str(lost))
            else:
                self._made = trio.current_time()
                if self._away_since is not None:
                    log.info("store_found_again", seconds=round(self._made - self._away_since, 2))
                self._away_since = None
        return self._session

    def drop(self, reason: str) -> None:
        """The session is of no use any more."""
        log.error("store_lost", reason=reason)
        self.close()
        if trio.current_time() - self._made > STEADY_SECONDS:
            self._failures = 0
        self._failed(reason)

    def _failed(self, reason: str) -> None:
        now = trio.current_time()
        if self._away_since is None:
            self._away_since = now
        self._reason = reason
        self._next_try = now + RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
