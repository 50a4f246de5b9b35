"""Every operation of the API, so that one that is not built is told from one that does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

__all__ = ["SECRET_WORDS", "catalogued"]


def catalogued() -> Iterator[tuple[str, str]]:
    """Yield the verb and the path of each operation; `{}` stands for a segment that varies."""
    for line in files("gemel.sandbox.infisical").joinpath("catalogue.txt").read_text(encoding="ascii").splitlines():
        path, _, verbs = line.partition("\t")
        for verb in verbs.split():
            yield verb, path


def _secret_words() -> frozenset[str]:
    third = (
        path.split("/")[4] for _, path in catalogued() if path.split("/")[3:4] == ["secrets"] and path.count("/") > 3
    )
    return frozenset(word for word in third if word != "{}")


SECRET_WORDS: frozenset[str] = _secret_words()  # what stands in some operation where others have the name of a secret
