"""Which store it is: a file of SQLite's, or a PostgreSQL database named by its URL."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from portal.store.sqlite import open_sqlite
from portal.store.store import WRITES_WAITING_MAX, Schema, Store

URL_BEGINNINGS = ("postgresql://", "postgres://")


def open_store(
    url: str, file: Path, schemas: Sequence[Schema], *, writes_waiting_max: int = WRITES_WAITING_MAX
) -> AbstractAsyncContextManager[Store]:
    """The store of this URL; without one, that in *file*."""
    if not url:
        return open_sqlite(file, schemas, writes_waiting_max=writes_waiting_max)
    # Only where it is used: psycopg takes its time.
    from portal.store.postgres import open_postgres

    return open_postgres(url, schemas, writes_waiting_max=writes_waiting_max)
