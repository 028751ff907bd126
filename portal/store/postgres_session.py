"""A line to a PostgreSQL server, driven by Trio: psycopg's libpq underneath, nothing that blocks above it.

psycopg's own connections wait through asyncio or in threads. Its lower floor (``psycopg.pq``) only says when it wants
to read or write, so the waiting is Trio's here. Everything goes in pipelines: many statements in one round trip.
"""

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import psycopg
import trio
from psycopg import conninfo, errors, generators, pq
from psycopg.abc import PQGenConn
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from portal.store.postgres_sql import BINARY_FORMAT, Statement, held, statement, text_back

Found = TypeVar("Found")

CONNECT_SECONDS_MAX = 3.0
"""For each address of a server."""
EXCHANGE_SECONDS_MAX = 30.0
"""A pipeline that takes longer counts as lost."""
STATEMENTS_PREPARED_MAX = 500
"""By one line; with more, all are forgotten and prepared anew."""
SETTINGS = (
    "SET client_encoding = 'UTF8'",
    # Held locks end with whoever held them, also when its end is not noticed by the network.
    "SET idle_in_transaction_session_timeout = '30s'",
    "SET lock_timeout = '2s'",
    "SET statement_timeout = '25s'",
)
_KEEP_ALIVE = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "mynasim",
}

OK = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_BAD = pq.ConnStatus.BAD
_SHUTTING_DOWN = ("57P01", "57P02", "57P03", "57P05", "25P03")
"""The server ends this line: it is stopped, has crashed, or waited too long for us."""


class Lost(Exception):
    """The line broke, or the server does not answer any more."""


class Prepared(NamedTuple):
    """A statement under the name by which one line knows it."""

    name: bytes
    names: tuple[str, ...]


class Backend(NamedTuple):
    """The server's process at the other end of a line."""

    pid: int
    began: str


class Decoder:
    """Makes rows of results."""

    def __init__(self) -> None:
        self._transformer = Transformer()

    def rows(self, result: PGresult, make: Callable[..., Found]) -> list[Found]:
        """What a read found."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, lambda row: make(*map(text_back, row)))


class Session:
    """One line. Of one task only; gone for good when it raises :class:`Lost`."""

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._prepared: dict[tuple[str, bool], Prepared] = {}
        self._named = 0
        self._syncs = 0
        self._decoder = Decoder()
        self.backend = Backend(0, "")

    def __repr__(self) -> str:
        return f"<Session with {self.backend}>"

    # Sending, without waiting

    def send(self, prepared: Prepared, sent: Sequence[bytes | None], formats: Sequence[int]) -> None:
        """Put a prepared statement into the pipeline."""
        try:
            self._pgconn.send_query_prepared(prepared.name, sent, formats, BINARY_FORMAT)
        except psycopg.OperationalError as error:
            raise Lost(str(error)) from error

    def send_text(self, sql: str, sent: Sequence[bytes | None] = ()) -> None:
        """The same for a statement that is said seldom."""
        try:
            self._pgconn.send_query_params(sql.encode(), sent, None, None, BINARY_FORMAT)
        except psycopg.OperationalError as error:
            raise Lost(str(error)) from error

    def end_segment(self) -> None:
        """Where the server goes on after an error."""
        try:
            self._pgconn.pipeline_sync()
        except psycopg.OperationalError as error:
            raise Lost(str(error)) from error
        self._syncs += 1

    # Waiting

    async def exchange(self) -> list[PGresult]:
        """Send what is in the pipeline; the results of its statements in order, errors among them."""
        self.end_segment()
        try:
            with trio.fail_after(EXCHANGE_SECONDS_MAX):
                return await self._exchange()
        except psycopg.OperationalError as error:
            raise Lost(in_one_line(error)) from error
        except trio.TooSlowError:
            raise Lost(f"{EXCHANGE_SECONDS_MAX:g}秒待っても返事がありません") from None

    async def _exchange(self) -> list[PGresult]:
        pgconn = self._pgconn
        while pgconn.flush():
            await _readable_or_writable(pgconn.socket)
            pgconn.consume_input()
        results: list[PGresult] = []
        is_busy, get_result = pgconn.is_busy, pgconn.get_result
        while True:
            while not is_busy():
                result = get_result()
                if result is None:
                    continue
                status = result.status
                if status == _SYNC:
                    self._syncs -= 1
                    if not self._syncs:
                        return results
                    continue
                if status not in OK and status != ABORTED:
                    self._raise_if_lost(result)
                results.append(result)
            await trio.lowlevel.wait_readable(pgconn.socket)
            pgconn.consume_input()

    def _raise_if_lost(self, result: PGresult) -> None:
        if self._pgconn.status == _BAD or sqlstate(result) in _SHUTTING_DOWN:
            raise Lost(" ".join(result.get_error_message().split()))

    async def prepare(
        self, wanted: Sequence[tuple[str, bool]]
    ) -> dict[tuple[str, bool], Prepared | Exception]:
        """These statements, ready to be sent: as they are, or failing when they change another number of rows (True)."""
        missing = [key for key in dict.fromkeys(wanted) if key not in self._prepared]
        found: dict[tuple[str, bool], Prepared | Exception] = {}
        if missing:
            if len(self._prepared) + len(missing) > STATEMENTS_PREPARED_MAX:
                self._prepared.clear()
                missing = list(dict.fromkeys(wanted))
                self.send_text("DEALLOCATE ALL")
                await self.exchange()
            made: list[Prepared] = []
            for sql, is_held in missing:
                said = statement(sql)
                said = held(said) if is_held else said
                made.append(self._send_prepare(said))
            for key, prepared, result in zip(missing, made, await self.exchange(), strict=True):
                if result.status in OK:
                    self._prepared[key] = prepared
                else:
                    found[key] = error_of(result)
        for key in wanted:
            if key not in found:
                found[key] = self._prepared[key]
        return found

    def _send_prepare(self, said: Statement) -> Prepared:
        self._named += 1
        name = b"s%d" % self._named
        try:
            self._pgconn.send_prepare(name, said.sql.encode())
        except psycopg.OperationalError as error:
            raise Lost(str(error)) from error
        # Each in a segment of its own: one that is wrong does not keep the others away.
        self.end_segment()
        return Prepared(name, said.names)

    def known(self, key: tuple[str, bool]) -> Prepared | None:
        """The statement, if this line has prepared it."""
        return self._prepared.get(key)

    async def ask(self, sql: str, *sent: bytes | None) -> list[tuple[Any, ...]]:
        """One statement by itself. Raises psycopg's error when it fails."""
        self.send_text(sql, sent)
        (result,) = await self.exchange()
        if result.status not in OK:
            raise error_of(result)
        return self._decoder.rows(result, lambda *row: row)

    def close(self) -> None:
        self._pgconn.finish()


def sqlstate(result: PGresult) -> str:
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    return "" if state is None else state.decode()


def error_of(result: PGresult) -> psycopg.Error:
    return errors.error_from_result(result, "utf-8")


async def _readable_or_writable(fd: int) -> None:
    async with trio.open_nursery() as nursery:

        async def until(wait: Callable[[int], Any]) -> None:
            await wait(fd)
            nursery.cancel_scope.cancel()

        nursery.start_soon(until, trio.lowlevel.wait_readable)
        nursery.start_soon(until, trio.lowlevel.wait_writable)


# Connecting


def in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def described(url: str) -> str:
    """Where the server is, for people: without user and password."""
    try:
        known = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "PostgreSQL"
    hosts, ports = str(known.get("host") or "localhost"), str(known.get("port") or "5432")
    return f"PostgreSQL（{hosts}、ポート{ports}、データベース {known.get('dbname') or '既定'}）"


async def connect(url: str) -> Session:
    """A line to the first server of this URL that takes us. Raises :class:`Lost`.

    Names are looked up, and addresses tried one after the other, without blocking: libpq would do neither.
    """
    reasons: list[str] = []
    for attempt in await _attempts(url):
        try:
            with trio.fail_after(CONNECT_SECONDS_MAX):
                session = Session(await _drive(generators.connect(attempt)))
        except psycopg.OperationalError as error:
            reasons.append(in_one_line(error))
            continue
        except trio.TooSlowError:
            reasons.append(f"{CONNECT_SECONDS_MAX:g}秒以内につながりません")
            continue
        try:
            await _begin(session)
        except psycopg.Error as error:
            reasons.append(in_one_line(error))
            session.close()
        except BaseException:
            session.close()
            raise
        else:
            return session
    raise Lost("; ".join(dict.fromkeys(reasons)))


async def _attempts(url: str) -> list[str]:
    try:
        known = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Its own words would tell the password.
        raise Lost("postgresql://… の形になっていません") from None
    hosts = str(known.get("host") or "").split(",")
    ports = str(known.get("port") or "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    if known.get("hostaddr") or len(ports) != len(hosts):
        return [conninfo.make_conninfo(url, **_KEEP_ALIVE)]
    attempts: list[str] = []
    for host, port in zip(hosts, ports, strict=True):
        parts = {**known, **_KEEP_ALIVE, "host": host or None, "port": port or None}
        for address in await _addresses(host):
            attempts.append(conninfo.make_conninfo("", **{**parts, "hostaddr": address}))
    if not attempts:
        raise Lost(f"{', '.join(hosts)} という名前の計算機が見つかりません")
    return attempts


async def _addresses(host: str) -> list[str | None]:
    if not host or host.startswith(("/", "@")):
        return [None]
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _drive(connecting: PQGenConn[PGconn]) -> PGconn:
    try:
        fd, wanted = next(connecting)
        while True:
            if wanted is Wait.R:
                await trio.lowlevel.wait_readable(fd)
                ready = Ready.R
            else:
                await trio.lowlevel.wait_writable(fd)
                ready = Ready.W
            fd, wanted = connecting.send(ready)
    except StopIteration as done:
        made: PGconn = done.value
        return made
    finally:
        connecting.close()


async def _begin(session: Session) -> None:
    session._pgconn.enter_pipeline_mode()
    for setting in SETTINGS:
        await session.ask(setting)
    # Durable means durable, whatever the role or the server has as its default.
    await session.ask(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    (encoding,) = (await session.ask("SELECT current_setting('server_encoding')"))[0]
    if encoding != "UTF8":
        raise psycopg.OperationalError(
            f"データベースの文字コードが {encoding} です。UTF8 で作り直してください"
        )
    pid, began = (
        await session.ask(
            "SELECT pid::bigint, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        )
    )[0]
    session.backend = Backend(pid, began)
