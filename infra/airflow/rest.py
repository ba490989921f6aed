"""Airflow's own REST API, as much of it as a start and the tests need. Loopback only."""

from __future__ import annotations

import json
from typing import Any

import urllib3

_PATIENCE = urllib3.Timeout(connect=2, read=30)


class RefusedError(Exception):
    """status: of the answer."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(f"{status}: {told[:500]}")
        self.status = status


class Rest:
    """url: as http://127.0.0.1:8080. Raises RefusedError for an answer that is no 2xx, urllib3's for none."""

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
        told = {"name": name, "slots": slots, "description": "mvp-stories", "include_deferred": False}
        try:
            self.call("POST", "/pools", told)
        except RefusedError as error:
            if error.status != 409:  # it is there
                raise
            self.call("PATCH", f"/pools/{name}", told)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        answer = self._pool.request(method, self._url + path, body=data, headers=headers)
        if not 200 <= answer.status < 300:
            raise RefusedError(answer.status, answer.data.decode("utf-8", "replace"))
        return json.loads(answer.data) if answer.data else None
