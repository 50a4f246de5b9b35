"""Secrets: the records, reading and writing them, in both generations of the API."""

from __future__ import annotations

from .routes import routes

__all__ = ["routes"]
