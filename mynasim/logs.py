"""Where log lines go: to the terminal, or to a file of bounded size beside the state."""

import logging
import logging.handlers
import sys
from pathlib import Path

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
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
