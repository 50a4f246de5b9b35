"""The published description of the operations of the Infisical API that gemel declares.

`infisical.openapi.json` is the part of it that is needed. One thing is written otherwise: the description means that
the actor of a secret may be null, but puts `nullable` beside an `allOf`, where OpenAPI 3.0 gives it no effect.
"""

from __future__ import annotations

from pathlib import Path

from gemel.infisical import InfisicalClient

from ..declared import endpoints
from ..description import Description, loaded

# Query parameters that the description lacks: servers of 2025 know imports of v4 under this name only.
BEYOND = {("GET", "/api/v4/secrets"): {"include_imports"}, ("GET", "/api/v4/secrets/{}"): {"include_imports"}}
DESCRIPTION = Description(loaded(Path(__file__).with_name("infisical.openapi.json")), beyond=BEYOND)
ENDPOINTS = endpoints(InfisicalClient)
