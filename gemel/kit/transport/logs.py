"""What the libraries log while they send: secret values masked in it.

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
    """Say whether anybody listens to what urllib3 logs of targets."""
    return any(logger.isEnabledFor(logging.DEBUG) for logger in _LOGGERS)


@contextmanager
def masked_logs(secrets: Iterable[str]) -> Generator[None, None, None]:
    """Mask these values in what urllib3 logs inside.

    Args:
        secrets: The values; of other threads and tasks nothing is masked.
    """
    for logger in _LOGGERS:
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
            record.msg, record.args = redact(record.getMessage(), secrets), ()
        return True


_MASKING = _Masking()
