"""The SMTP sink (live only): takes every mail, answers 250 only when it is durable.

aiosmtpd is asyncio's, so it lives in a thread with a loop of its own, the only thread of the mailbox. For each mail
that thread waits until Trio has stored it: one at a time, which a mailbox for tests can afford.
"""

import contextlib
from collections.abc import Awaitable
from typing import Any, Final

import structlog
import trio
from aiosmtpd.controller import Controller

from portal.serving.listen import Bound
from portal.store.store import StorageRefused, StoreOverloaded
from sim.mailbox.mailbox import MAIL_BYTES_MAX, RECIPIENTS_MAX, Envelope, Mailbox

log = structlog.get_logger(__name__)

HOST_NAME: Final = "mailbox.mynasim.invalid"
IDLE_SECONDS_MAX: Final = 60.0

TAKEN: Final = "250 OK"
NO_ROOM: Final = "452 4.3.1 Insufficient system storage, try again later"
SHUTTING_DOWN: Final = "421 4.3.2 Service shutting down"
TOO_MANY_RECIPIENTS: Final = "452 4.5.3 Too many recipients"
FAILED: Final = "451 4.3.0 Local error, try again later"


class _Handler:
    """aiosmtpd's hooks; runs in its thread."""

    def __init__(self, mailbox: Mailbox, trio_token: trio.lowlevel.TrioToken) -> None:
        self._mailbox = mailbox
        self._trio_token = trio_token

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return TAKEN

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        raw = bytes(envelope.content)
        to = Envelope(envelope.mail_from or "", tuple(envelope.rcpt_tos))
        try:
            trio.from_thread.run(self._mailbox.deliver, raw, to, trio_token=self._trio_token)
        except (StorageRefused, StoreOverloaded) as refusal:
            log.error("mail_refused", reason=str(refusal))
            return NO_ROOM
        except (trio.RunFinishedError, trio.Cancelled):
            return SHUTTING_DOWN
        except Exception:
            log.exception("mail_failed")
            return FAILED
        return TAKEN


class _Controller(Controller):
    """On a socket that listens already, so that a port in use was found before."""

    def __init__(self, handler: _Handler, bound: Bound) -> None:
        self._bound = bound
        super().__init__(
            handler,
            hostname=bound.host,
            port=bound.port,
            server_hostname=HOST_NAME,
            ident="mynasim",
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=True,
            timeout=IDLE_SECONDS_MAX,
        )

    def _create_server(self) -> Awaitable[Any]:
        return self.loop.create_server(self._factory_invoker, sock=self._bound.socket)


async def serve_smtp(
    mailbox: Mailbox, bound: Bound, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Take mails at this socket until cancelled; a mail that is being stored then is stored and answered first.

    Get *bound* from :func:`portal.serving.listen.bind`, which takes the next free port when the wanted one is in use.
    """
    controller = _Controller(_Handler(mailbox, trio.lowlevel.current_trio_token()), bound)
    try:
        await trio.to_thread.run_sync(controller.start)
        task_status.started()
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            # Joins the thread, which may be waiting for Trio: so not in Trio's own.
            await trio.to_thread.run_sync(_stop, controller)


def _stop(controller: _Controller) -> None:
    with contextlib.suppress(AssertionError):  # it never started
        controller.stop()
    if not controller.loop.is_closed():
        controller.loop.close()
    controller._bound.socket.close()
