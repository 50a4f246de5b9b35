"""Plain HTTP for the tests of the sandbox: no client of this project is in the way."""

from __future__ import annotations

from typing import Any

import requests

from gemel.sandbox import Identity, Sandbox


class Http:
    """Plain requests to a sandbox with one access token."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if token is not None:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=10, **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """The JSON document of a reply that must be 200."""
        response = self(method, path, **options)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The error envelope of a reply that must have this status."""
        response = self(method, path, **options)
        assert response.status_code == status, response.text
        body: dict[str, Any] = response.json()
        assert body["statusCode"] == status
        assert body["reqId"].startswith("req-")
        return body


def log_in(sandbox: Sandbox, identity: Identity | Sandbox) -> str:
    """A fresh access token by universal auth."""
    credentials = {"clientId": identity.client_id, "clientSecret": identity.client_secret}
    answer = requests.post(f"{sandbox.url}/api/v1/auth/universal-auth/login", json=credentials, timeout=10)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["accessToken"])


class Vault:
    """Secrets of one project in the current generation, for tests that need some."""

    def __init__(self, http: Http, project: str) -> None:
        self.http = http
        self.project = project

    def address(self, path: str = "/", environment: str = "dev") -> dict[str, str]:
        return {"projectId": self.project, "environment": environment, "secretPath": path}

    def put(self, key: str, value: str, path: str = "/", environment: str = "dev", **more: Any) -> dict[str, Any]:
        body = self.address(path, environment) | {"secretValue": value} | more
        return dict(self.http.ok("POST", f"/api/v4/secrets/{key}", json=body)["secret"])

    def get(self, key: str, path: str = "/", environment: str = "dev", **query: str) -> dict[str, Any]:
        params = self.address(path, environment) | query
        return dict(self.http.ok("GET", f"/api/v4/secrets/{key}", params=params)["secret"])

    def list(self, path: str = "/", environment: str = "dev", **query: str) -> dict[str, Any]:
        return dict(self.http.ok("GET", "/api/v4/secrets", params=self.address(path, environment) | query))

    def folder(self, name: str, path: str = "/", environment: str = "dev") -> dict[str, Any]:
        body = {"projectId": self.project, "environment": environment, "name": name, "path": path}
        return dict(self.http.ok("POST", "/api/v2/folders", json=body)["folder"])

    def bring(self, environment: str, path: str, into: str = "/") -> dict[str, Any]:
        body = {"projectId": self.project, "environment": "dev", "path": into}
        body["import"] = {"environment": environment, "path": path}  # type: ignore[assignment]
        return dict(self.http.ok("POST", "/api/v2/secret-imports", json=body)["secretImport"])
