"""Plain HTTP for the tests of the Julep sandbox: no client of this project is in the way."""

from __future__ import annotations

import json
from typing import Any

import requests

GHOST = "11111111-1111-4111-8111-111111111111"  # the id of nothing


def by_the_database(key: str) -> tuple[str, ...]:
    """Where an id stands among others in a list that the server does not sort."""
    low, middle, high, *rest = key.split("-")
    return high, middle, low, *rest


class Julep:
    """Plain requests to the agents API and to model serving, with one API key."""

    def __init__(self, url: str, api_key: str | None) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if api_key is not None:
            self.session.headers["Authorization"] = f"Bearer {api_key}"

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request to the agents API."""
        response = self.session.request(method, f"{self.url}/api{path}", timeout=10, allow_redirects=False, **options)
        if response.status_code == 500:
            self.session.close()  # the server may be closing the connection: the next request takes a new one
        return response

    def ok(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON document of a reply that must have this status."""
        response = self(method, path, **options)
        assert response.status_code == status, response.text
        return response.json()

    def refused(self, status: int, method: str, path: str, **options: Any) -> Any:
        """The document, or the plain text, of a refusal that must have this status."""
        response = self(method, path, **options)
        assert response.status_code == status, response.text
        is_json = response.headers["content-type"] == "application/json"
        return response.json() if is_json else response.text

    def serving(self, path: str, body: Any, **options: Any) -> requests.Response:
        """A request to model serving."""
        return self.session.post(f"{self.url}/v1{path}", json=body, timeout=10, **options)

    def agent(self, **more: Any) -> str:
        """The id of a new agent."""
        return str(self.ok("POST", "/agents", 201, json={"name": "Ada", "about": "a helper"} | more)["id"])

    def user(self, **more: Any) -> str:
        """The id of a new user."""
        return str(self.ok("POST", "/users", 201, json={"name": "Uwe", "about": "a person"} | more)["id"])

    def session_of(self, agent_id: str, **more: Any) -> str:
        """The id of a new session with an agent."""
        return str(self.ok("POST", "/sessions", 201, json={"agent_id": agent_id} | more)["id"])

    def chat(self, session_id: str, text: str, **more: Any) -> dict[str, Any]:
        """The answer to a message."""
        body = {"messages": [{"role": "user", "content": text}]} | more
        return dict(self.ok("POST", f"/sessions/{session_id}/chat", json=body))


def events(response: requests.Response) -> list[Any]:
    """The documents of a stream of events, with `[DONE]` as text."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    *blocks, rest = response.text.split("\n\n")
    assert rest == ""
    texts = [block.removeprefix("data: ") for block in blocks]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]
