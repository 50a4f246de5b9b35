"""The Infisical SDK: secrets, folders and projects, blocking and async, from one set of declarations.

What a user of the clients makes, passes or catches is here, errors and settings included; each is loaded when it is
first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemel.infisical.api.auth import AccessTokens, UniversalAuth
    from gemel.infisical.api.folders import Folders, FoldersV1
    from gemel.infisical.api.imports import SecretImports
    from gemel.infisical.api.projects import Environments, Projects
    from gemel.infisical.api.secrets import RawSecrets, Secrets
    from gemel.infisical.client import BaseInfisicalClient, InfisicalAsyncClient, InfisicalClient, InfisicalSettings
    from gemel.infisical.credentials import ProviderChain, UniversalAuthCredential
    from gemel.infisical.errors import ApprovalRequiredError
    from gemel.infisical.models.auth import AccessToken, TokenRevocation
    from gemel.infisical.models.folders import Folder, FolderChange, FolderDetails, FolderEnvironment
    from gemel.infisical.models.imports import ImportSource, SecretImport
    from gemel.infisical.models.projects import Environment, EnvironmentRef, InEnvironment, Project
    from gemel.infisical.models.secrets import (
        MergeError,
        NewSecret,
        Secret,
        SecretActor,
        SecretApproval,
        SecretChange,
        SecretImportBlock,
        SecretKey,
        SecretList,
        SecretMetadata,
        SecretTagRef,
    )
    from gemel.kit.caching import Cache, MemoryStore, StaleReply, Store
    from gemel.kit.calls.polling import Poll, WaitTimeoutError, wait_until
    from gemel.kit.client import CommonSettings, Settings
    from gemel.kit.errors import (
        AlternativeReplyError,
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ClientClosedError,
        ConflictError,
        CredentialsError,
        DeclarationError,
        GemelError,
        InternalServerError,
        InvalidArgument,
        NotFoundError,
        PagingError,
        PermissionDeniedError,
        RateLimitError,
        ResponseTooLargeError,
        ResponseValidationError,
        StreamFailedError,
        UnprocessableEntityError,
        UploadError,
    )
    from gemel.kit.http.messages import Headers, Request, Response, Retry, Timeout
    from gemel.kit.models.drift import Drift
    from gemel.kit.policies.events import Event
    from gemel.kit.policies.options import CallOptions
    from gemel.kit.stubs.reply import Reply
    from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

__all__ = [
    "OMIT",
    "SECRET",
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AccessToken",
    "AccessTokens",
    "AlternativeReplyError",
    "ApprovalRequiredError",
    "Async",
    "AuthenticationError",
    "BadRequestError",
    "BaseInfisicalClient",
    "Cache",
    "CallOptions",
    "ClientClosedError",
    "CommonSettings",
    "ConflictError",
    "CredentialsError",
    "DeclarationError",
    "Drift",
    "Environment",
    "EnvironmentRef",
    "Environments",
    "Event",
    "Folder",
    "FolderChange",
    "FolderDetails",
    "FolderEnvironment",
    "Folders",
    "FoldersV1",
    "GemelError",
    "Headers",
    "ImportSource",
    "InEnvironment",
    "InfisicalAsyncClient",
    "InfisicalClient",
    "InfisicalSettings",
    "InternalServerError",
    "InvalidArgument",
    "M",
    "MemoryStore",
    "MergeError",
    "NewSecret",
    "NotFoundError",
    "Omit",
    "PagingError",
    "PermissionDeniedError",
    "Poll",
    "Project",
    "Projects",
    "ProviderChain",
    "RateLimitError",
    "RawSecrets",
    "Reply",
    "Request",
    "Response",
    "ResponseTooLargeError",
    "ResponseValidationError",
    "Retry",
    "Secret",
    "SecretActor",
    "SecretApproval",
    "SecretChange",
    "SecretImport",
    "SecretImportBlock",
    "SecretImports",
    "SecretKey",
    "SecretList",
    "SecretMetadata",
    "SecretTagRef",
    "Secrets",
    "Settings",
    "StaleReply",
    "Store",
    "StreamFailedError",
    "Sync",
    "Timeout",
    "TokenRevocation",
    "UniversalAuth",
    "UniversalAuthCredential",
    "UnprocessableEntityError",
    "UploadError",
    "WaitTimeoutError",
    "wait_until",
]


_HOMES = {
    "OMIT": "gemel.kit.types",
    "SECRET": "gemel.kit.types",
    "APIConnectionError": "gemel.kit.errors",
    "APIError": "gemel.kit.errors",
    "APIStatusError": "gemel.kit.errors",
    "APITimeoutError": "gemel.kit.errors",
    "AccessToken": "gemel.infisical.models.auth",
    "AccessTokens": "gemel.infisical.api.auth",
    "AlternativeReplyError": "gemel.kit.errors",
    "ApprovalRequiredError": "gemel.infisical.errors",
    "Async": "gemel.kit.types",
    "AuthenticationError": "gemel.kit.errors",
    "BadRequestError": "gemel.kit.errors",
    "BaseInfisicalClient": "gemel.infisical.client",
    "Cache": "gemel.kit.caching",
    "CallOptions": "gemel.kit.policies.options",
    "ClientClosedError": "gemel.kit.errors",
    "CommonSettings": "gemel.kit.client",
    "ConflictError": "gemel.kit.errors",
    "CredentialsError": "gemel.kit.errors",
    "DeclarationError": "gemel.kit.errors",
    "Drift": "gemel.kit.models.drift",
    "Environment": "gemel.infisical.models.projects",
    "EnvironmentRef": "gemel.infisical.models.projects",
    "Environments": "gemel.infisical.api.projects",
    "Event": "gemel.kit.policies.events",
    "Folder": "gemel.infisical.models.folders",
    "FolderChange": "gemel.infisical.models.folders",
    "FolderDetails": "gemel.infisical.models.folders",
    "FolderEnvironment": "gemel.infisical.models.folders",
    "Folders": "gemel.infisical.api.folders",
    "FoldersV1": "gemel.infisical.api.folders",
    "GemelError": "gemel.kit.errors",
    "Headers": "gemel.kit.http.messages",
    "ImportSource": "gemel.infisical.models.imports",
    "InEnvironment": "gemel.infisical.models.projects",
    "InfisicalAsyncClient": "gemel.infisical.client",
    "InfisicalClient": "gemel.infisical.client",
    "InfisicalSettings": "gemel.infisical.client",
    "InternalServerError": "gemel.kit.errors",
    "InvalidArgument": "gemel.kit.errors",
    "M": "gemel.kit.types",
    "MemoryStore": "gemel.kit.caching",
    "MergeError": "gemel.infisical.models.secrets",
    "NewSecret": "gemel.infisical.models.secrets",
    "NotFoundError": "gemel.kit.errors",
    "Omit": "gemel.kit.types",
    "PagingError": "gemel.kit.errors",
    "PermissionDeniedError": "gemel.kit.errors",
    "Poll": "gemel.kit.calls.polling",
    "Project": "gemel.infisical.models.projects",
    "Projects": "gemel.infisical.api.projects",
    "ProviderChain": "gemel.infisical.credentials",
    "RateLimitError": "gemel.kit.errors",
    "RawSecrets": "gemel.infisical.api.secrets",
    "Reply": "gemel.kit.stubs.reply",
    "Request": "gemel.kit.http.messages",
    "Response": "gemel.kit.http.messages",
    "ResponseTooLargeError": "gemel.kit.errors",
    "ResponseValidationError": "gemel.kit.errors",
    "Retry": "gemel.kit.http.messages",
    "Secret": "gemel.infisical.models.secrets",
    "SecretActor": "gemel.infisical.models.secrets",
    "SecretApproval": "gemel.infisical.models.secrets",
    "SecretChange": "gemel.infisical.models.secrets",
    "SecretImport": "gemel.infisical.models.imports",
    "SecretImportBlock": "gemel.infisical.models.secrets",
    "SecretImports": "gemel.infisical.api.imports",
    "SecretKey": "gemel.infisical.models.secrets",
    "SecretList": "gemel.infisical.models.secrets",
    "SecretMetadata": "gemel.infisical.models.secrets",
    "SecretTagRef": "gemel.infisical.models.secrets",
    "Secrets": "gemel.infisical.api.secrets",
    "Settings": "gemel.kit.client",
    "StaleReply": "gemel.kit.caching",
    "Store": "gemel.kit.caching",
    "StreamFailedError": "gemel.kit.errors",
    "Sync": "gemel.kit.types",
    "Timeout": "gemel.kit.http.messages",
    "TokenRevocation": "gemel.infisical.models.auth",
    "UniversalAuth": "gemel.infisical.api.auth",
    "UniversalAuthCredential": "gemel.infisical.credentials",
    "UnprocessableEntityError": "gemel.kit.errors",
    "UploadError": "gemel.kit.errors",
    "WaitTimeoutError": "gemel.kit.calls.polling",
    "wait_until": "gemel.kit.calls.polling",
}

if not TYPE_CHECKING:  # a checker that sees this takes any name, misspelt ones too, for one of the module

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted(__all__)
