"""The words that every view of the demo shows."""

from __future__ import annotations

from gemel.cli.demo.account import Account, WalkAccount
from gemel.version import __version__

__all__ = ["heading", "verdict", "walk_summary"]


def heading(url: str) -> str:
    """Return the first line of the account."""
    return f"gemel {__version__}: Infisical and Julep, each with both clients, against a sandbox at {url}"


def verdict(account: Account) -> str:
    """Return the last line of the account."""
    told = "Everything was as expected" if account.ok else "NOT everything was as expected"
    return f"{told}; {account.seconds:.2f} s in all."


def walk_summary(walk: WalkAccount) -> str:
    """Return one client's steps in a line."""
    return f"{walk.client}: {walk.fine} of {len(walk.steps)} steps as expected, {walk.seconds:.2f} s"
