"""Every defect that is known of the published SDK has a test that shows it gone, or a reason to stay."""

from __future__ import annotations

from importlib import import_module

import pytest

from .defects import DEFECTS, QUIRKS, Gone, Stays
from .published import methods

RECORDED = [(method, quirk) for method, recorded in methods().items() for quirk in recorded["quirks"]]


def answers(method: str, quirk: str) -> list[tuple[str, str]]:
    return [key for key in QUIRKS if key[0] == method and quirk.startswith(key[1])]


@pytest.mark.parametrize("method, quirk", RECORDED, ids=lambda text: text[:40])
def test_every_quirk_is_answered(method: str, quirk: str) -> None:
    assert len(answers(method, quirk)) == 1


def test_no_answer_is_left_over() -> None:
    assert {key for each in RECORDED for key in answers(*each)} == QUIRKS.keys()


@pytest.mark.parametrize("answer", [*QUIRKS.values(), *DEFECTS.values()], ids=str)
def test_every_answer_is_a_test_or_a_reason(answer: Gone | Stays) -> None:
    if isinstance(answer, Stays):
        assert answer.reason
    else:
        assert callable(getattr(import_module(f".{answer.module}", __package__), answer.test))
