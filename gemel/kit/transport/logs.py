"""Masks secret values in what the libraries log while they send.

urllib3 logs the target of every request, query included, at DEBUG; it has no other way to leave values out.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar

from gemel.kit.http.redaction import redact

__all__ = ["logs_targets", "masked_logs"]

# A filter of a logger does not see what loggers below it are told, so each that speaks of targets has its own.
_LOGGERS = [logging.getLogger(name) for name in ("urllib3.connectionpool", "urllib3.poolmanager", "urllib3.util.retry")]

_secrets: ContextVar[tuple[str, ...]] = ContextVar("gemel_secrets_in_logs", default=())


def logs_targets() -> bool:
    """Say whether urllib3's log records of request targets go anywhere."""
    return any(logger.isEnabledFor(logging.DEBUG) for logger in _LOGGERS)


@contextmanager
def masked_logs(secrets: Iterable[str]) -> Generator[None, None, None]:
    """Mask these values in what urllib3 logs inside the block.

    Args:
        secrets: The values. Records of other threads and tasks are left alone.
    """
    for logger in _LOGGERS:
        # addFilter ignores a filter that is there already. It stays: removing it would unmask a request of another
        # thread.
        logger.addFilter(_MASKING)
    token = _secrets.set(tuple(secrets))
    try:
        yield
    finally:
        _secrets.reset(token)


class _Masking(logging.Filter):
    """Lets every record through, masked."""

    def filter(self, record: logging.LogRecord) -> bool:
        secrets = _secrets.get()
        if secrets:
            # Handlers format a record later and each for itself, so its arguments must not keep what the message no
            # longer shows.
            record.msg, record.args = redact(record.getMessage(), secrets), ()
        return True


_MASKING = _Masking()
