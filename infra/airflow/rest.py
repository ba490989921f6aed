"""A client of Airflow's REST API, on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import urllib3


class RefusedError(Exception):
    """A response that is not 2xx."""


class Rest:
    """url: as http://127.0.0.1:8080. Raises RefusedError; urllib3's errors where there is no response."""

    def __init__(self, url: str, user: str, password: str) -> None:
        timeout = urllib3.Timeout(connect=2, read=30)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout)
        self._url, self._login = url, {"username": user, "password": password}
        self._headers: dict[str, str] = {}

    def is_healthy(self) -> bool:
        """Whether the database, the scheduler, the DAG processor and the triggerer are."""
        report = self._send("GET", "/api/v2/monitor/health")
        return all(state and state["status"] == "healthy" for state in report.values())

    def set_pools(self, slots: Mapping[str, int]) -> None:
        pools = [
            {"name": name, "slots": number, "description": "mvp-stories"} for name, number in slots.items()
        ]
        action = {"action": "create", "action_on_existence": "overwrite", "entities": pools}
        self.call("PATCH", "/pools", {"actions": [action]})

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """path: below /api/v2."""
        if not self._headers:
            token = self._send("POST", "/auth/token", self._login)["access_token"]
            self._headers = {"Authorization": f"Bearer {token}"}
        return self._send(method, f"/api/v2{path}", body)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        response = self._pool.request(method, self._url + path, json=body, headers=self._headers)
        if not 200 <= response.status < 300:
            raise RefusedError(f"{response.status}: {response.data.decode('utf-8', 'replace')[:500]}")
        return response.json() if response.data else None
