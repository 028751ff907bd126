"""Where log lines go: to the terminal, or to a file of bounded size beside the state.

What somebody typed has no place there. The words of an exception that nobody expected may repeat it (the key that was not
found, the text that could not be read), so that of such exceptions only the kind and the places in our code are written
down; with *verbose*, for whoever looks for a mistake on a machine of their own, the words too.
"""

import logging
import logging.handlers
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import structlog

LOG_BYTES_MAX = 5 * 1024 * 1024
LOGS_KEPT = 2


def to_file(path: Path, *, verbose: bool = False) -> None:
    """Into this file; old ones are kept beside it, up to a limit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _configure(
        logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES_MAX, backupCount=LOGS_KEPT),
        verbose=verbose,
    )


def to_terminal(*, verbose: bool = False) -> None:
    _configure(logging.StreamHandler(sys.stderr), verbose=verbose)


def without_words(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A step of structlog: an exception as its kind and where it came from."""
    found = event.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    elif found and not isinstance(found, BaseException):
        found = sys.exc_info()[1]
    if isinstance(found, BaseException):
        event["exception"] = "".join(_places(found, set()))
    return event


def _places(error: BaseException, seen: set[int]) -> Iterator[str]:
    """Where it came from, what it came from first."""
    if id(error) in seen:
        return
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _places(before, seen)
        yield "then\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _places(each, seen)


def _configure(handler: logging.Handler, *, verbose: bool) -> None:
    # A log on a full disk must not fill the terminal with its own troubles.
    logging.raiseExceptions = False
    handler.setFormatter(logging.Formatter("%(message)s"))
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # They tell every line of every mail.
    for name in ("mail.log", "mail.debug", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if verbose else without_words,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
