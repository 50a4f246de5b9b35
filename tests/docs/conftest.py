"""The world of the examples: a sandbox of both APIs with one project, and an album; addresses in the environment."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest

from gemel.sandbox import serve


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve the sandbox and set what the clients find in the environment, and INFISICAL_PROJECT_ID, as a user would.

    MUSIC_URL is the address of the API that the README declares.
    """
    with serve("both") as sandbox, served(Music) as music:
        monkeypatch.setenv("MUSIC_URL", music)
        identity = {"clientId": sandbox.client_id, "clientSecret": sandbox.client_secret}
        monkeypatch.setenv("INFISICAL_URL", sandbox.url)
        monkeypatch.setenv("INFISICAL_CLIENT_ID", sandbox.client_id)
        monkeypatch.setenv("INFISICAL_CLIENT_SECRET", sandbox.client_secret)
        monkeypatch.setenv("INFISICAL_PROJECT_ID", project_with_a_secret(sandbox.url.rstrip("/"), identity))
        monkeypatch.setenv("JULEP_API_URL", sandbox.api_url)
        monkeypatch.setenv("JULEP_API_KEY", sandbox.api_key)
        yield


class Music(BaseHTTPRequestHandler):
    """A server of one album, by the standard library, so that gemel is met in the examples first."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = self.path == "/albums/1"
        body = json.dumps({"album": {"title": "Blue", "releaseYear": 1971}} if found else {"message": "no such album"})
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve, and give the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def project_with_a_secret(url: str, identity: dict[str, str]) -> str:
    """Make the project of the examples, with the secret DB_URL in its prod environment; return the project's id."""
    token = post(f"{url}/api/v1/auth/universal-auth/login", identity)["accessToken"]
    project = post(f"{url}/api/v1/projects", {"projectName": "Example", "shouldCreateDefaultEnvs": True}, token)
    project_id = str(project["project"]["id"])
    secret = {"projectId": project_id, "environment": "prod", "secretValue": "postgres://app:hunter2@db/shop"}
    post(f"{url}/api/v4/secrets/DB_URL", secret, token)
    return project_id


def post(url: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    """Send JSON and return JSON, by the standard library, so that gemel is met in the examples first."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=30) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer
