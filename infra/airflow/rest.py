"""A client of Airflow's REST API, on loopback."""

from __future__ import annotations

import json
from typing import Any

import urllib3

_PATIENCE = urllib3.Timeout(connect=2, read=30)


class RefusedError(Exception):
    """A response that is not 2xx."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body[:500]}")
        self.status = status


class Rest:
    """url: as http://127.0.0.1:8080. Raises RefusedError; urllib3's errors where there is no response."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=_PATIENCE)
        self._url, self._login = url, {"username": user, "password": password}
        self._token = ""

    def health(self) -> dict[str, Any]:
        return self._call("GET", "/api/v2/monitor/health")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """path: below /api/v2."""
        if not self._token:
            self._token = self._call("POST", "/auth/token", self._login)["access_token"]
        return self._call(method, f"/api/v2{path}", body)

    def set_pool(self, name: str, slots: int) -> None:
        pool = {"name": name, "slots": slots, "description": "mvp-stories", "include_deferred": False}
        try:
            self.call("POST", "/pools", pool)
        except RefusedError as error:
            if error.status != 409:  # it exists
                raise
            self.call("PATCH", f"/pools/{name}", pool)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        response = self._pool.request(method, self._url + path, body=data, headers=headers)
        if not 200 <= response.status < 300:
            raise RefusedError(response.status, response.data.decode("utf-8", "replace"))
        return json.loads(response.data) if response.data else None
