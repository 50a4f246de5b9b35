"""The Infisical SDK: secrets, folders and projects, blocking and async, from one set of declarations."""

from __future__ import annotations

from gemel.infisical.client import InfisicalAsyncClient, InfisicalClient
from gemel.infisical.errors import ApprovalRequiredError
from gemel.infisical.models.auth import AccessToken
from gemel.infisical.models.folders import Folder, FolderChange, FolderDetails
from gemel.infisical.models.imports import ImportSource, SecretImport
from gemel.infisical.models.projects import Environment, Project
from gemel.infisical.models.secrets import (
    NewSecret,
    Secret,
    SecretApproval,
    SecretChange,
    SecretImportBlock,
    SecretKey,
    SecretList,
    SecretMetadata,
)

__all__ = [
    "AccessToken",
    "ApprovalRequiredError",
    "Environment",
    "Folder",
    "FolderChange",
    "FolderDetails",
    "ImportSource",
    "InfisicalAsyncClient",
    "InfisicalClient",
    "NewSecret",
    "Project",
    "Secret",
    "SecretApproval",
    "SecretChange",
    "SecretImport",
    "SecretImportBlock",
    "SecretKey",
    "SecretList",
    "SecretMetadata",
]
