"""The tables: a row of figures, and under it the ratios to gemel beside what gemel has promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measure import Samples
from rows import BINDING_ROWS, INFISICAL_ROWS, JULEP_ROWS, Budget, Row


@dataclass(frozen=True)
class Table:
    """The rows of one table, and its columns: the peers."""

    rows: tuple[Row, ...]
    peers: tuple[str, ...]


INFISICAL = Table(
    INFISICAL_ROWS, ("gemel", "requests.get", "prepared", "aiohttp", "json.loads", "httpx-sdk", "infisicalsdk")
)
BINDING = Table(BINDING_ROWS, ("gemel", "no uplink", "uplink"))
JULEP = Table(JULEP_ROWS, ("gemel", "bare", "julep 0.3.9", "julep 2.21.0"))
WORK = max(len(f"{row.work}, {row.unit}") for table in (BINDING, INFISICAL, JULEP) for row in table.rows)

Figures = Mapping[str, float]


def best_figures(row: Row, samples: Samples) -> Figures:
    """The best figure of each peer for `row`, in its unit."""
    return {peer: row.best(taken) * row.scale for peer, taken in samples.get(row.key, {}).items()}


def ratio(figures: Figures, peer: str) -> float | None:
    """gemel's figure divided by that of `peer`; None when either is missing."""
    if "gemel" not in figures or peer not in figures:
        return None
    return figures["gemel"] / figures[peer]


def verdict(budget: Budget, figures: Figures) -> str:
    """One budget in words: its limit, the ratio found, and whether that reaches it."""
    sign = "<=" if budget.sense == "at most" else ">="
    promise = f"{budget.kind} {sign} {budget.limit:.2f} {budget.peer}"
    found = ratio(figures, budget.peer)
    if found is None:
        return f"{promise}: not measured"
    return f"{promise}: {found:.2f} {'reached' if budget.reached(found) else 'not reached'}"


def number(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.2f}" if figure < 10 else f"{figure:.1f}"


def times(found: float | None) -> str:
    return "" if found is None else f"({found:.2f})"


def line(peers: Sequence[str], first: str, cells: Sequence[str], last: str = "") -> str:
    widths = [max(len(peer), 6) + 2 for peer in peers]
    middle = "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{first.ljust(WORK)}{middle}   {last}".rstrip()


def row_lines(row: Row, peers: Sequence[str], samples: Samples) -> list[str]:
    """The lines of one row: figures and the first budget, ratios and the second."""
    figures = best_figures(row, samples)
    verdicts = [verdict(budget, figures) for budget in row.budgets] + ["", ""]
    others = [times(ratio(figures, peer)) if peer != "gemel" else "" for peer in peers]
    lines = [line(peers, f"{row.work}, {row.unit}", [number(figures.get(peer)) for peer in peers], verdicts[0])]
    return [*lines, line(peers, "", others, verdicts[1])] if any([*others, verdicts[1]]) else lines


def text(table: Table, samples: Samples) -> str:
    """A whole table, for people."""
    budgets = "budgets, as gemel / peer" if any(row.budgets for row in table.rows) else ""
    head = line(table.peers, "", table.peers, budgets)
    body = [each for row in table.rows for each in row_lines(row, table.peers, samples)]
    return "\n".join([head, "-" * len(head), *body, "", "In brackets: gemel divided by that peer. Best of all rounds."])


def plain(table: Table, samples: Samples) -> list[dict[str, Any]]:
    """The same rows, for machines: figures, their ratios, budgets, and every sample in the row's unit."""
    return [plain_row(row, samples) for row in table.rows]


def plain_row(row: Row, samples: Samples) -> dict[str, Any]:
    figures = best_figures(row, samples)
    return {
        "work": row.work,
        "unit": row.unit,
        "figures": dict(figures),
        "ratios": {peer: ratio(figures, peer) for peer in figures},
        "budgets": [plain_budget(budget, figures) for budget in row.budgets],
        "samples": {peer: [each * row.scale for each in taken] for peer, taken in samples.get(row.key, {}).items()},
    }


def plain_budget(budget: Budget, figures: Figures) -> dict[str, Any]:
    found = ratio(figures, budget.peer)
    return {
        "kind": budget.kind,
        "sense": budget.sense,
        "limit": budget.limit,
        "peer": budget.peer,
        "ratio": found,
        "reached": None if found is None else budget.reached(found),
    }
