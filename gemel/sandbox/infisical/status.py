"""The health of the server."""

from __future__ import annotations

from typing import Any

from .backend import timestamp
from .routing import Call, Routes

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun


def show(call: Call) -> Any:
    """GET status, without credentials."""
    return {
        "date": timestamp(),
        "message": "Ok",
        "emailConfigured": False,
        "inviteOnlySignup": False,
        "redisConfigured": False,
        "secretScanningConfigured": False,
        "samlDefaultOrgSlug": None,
    }


routes.add("GET", "/api/status", show, auth=False)
