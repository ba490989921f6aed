"""Followers of stories at a WebSocket API of its own: kept in the store, and posted to by functions.

An entry ends with its connection; one that nobody removed expires with the bucket's rule for push/.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol

from pipeline.api import events, push
from pipeline.api.push import Change, Edition
from pipeline.app import App
from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys

# Of one report: a step of a story waits no longer for those who follow it, who poll besides.
_MOST, _SECONDS = 20, 1.0
# Between two reports of the same state; and a tenth of a step's time at most goes to them.
_EVERY, _SHARE = 1.0, 0.1
_TICKET = re.compile("[0-9a-f]{32}")


class Connections(Protocol):
    """A WebSocket API's own connections."""

    def post(self, connection: str, text: str) -> bool:
        """Whether it is still there. Raises EngineError."""
        ...

    def forget(self, key: str) -> None:
        """Removes an entry of the store. Raises StoreError."""
        ...


class Followers:
    """A Changes port. clock: seconds."""

    def __init__(
        self, store: Store, connections: Connections, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._connections, self._clock = store, connections, clock
        # The newest report: of which edition and state, and when the next of the same may follow.
        self._last: tuple[Edition, str] | None = None
        self._next = 0.0
        self._log = logging.getLogger(__name__)

    def changed(self, story_id: str, edition: str, state: str, done: int = 0, total: int = 0) -> None:
        change, now = Change(Edition(story_id, edition), state, done, total), self._clock()
        if self._last == (change.edition, state) and now < self._next:
            return
        self._last = (change.edition, state)
        try:
            for key in islice(self._store.list(keys.followers(*change.edition)), _MOST):
                if self._clock() - now < _SECONDS:
                    self.post(bytes.fromhex(key.rpartition("/")[2]).decode(), change)
        except Exception as error:  # noqa: BLE001 - no story fails for who follows it
            self._log.warning("followers were not reached: %s", error)
        end = self._clock()
        self._next = end + max(_EVERY, (end - now) / _SHARE)

    def post(self, connection: str, change: Change) -> None:
        """Whoever is gone is forgotten; whoever cannot be reached now polls."""
        try:
            if not self._connections.post(connection, change.text):
                self._connections.forget(keys.follower(*change.edition, connection))
        except Exception as error:  # noqa: BLE001 - the others are posted to all the same
            self._log.warning("a follower was not reached: %s", error)

    def follow(self, connection: str, followed: Iterable[Edition]) -> None:
        """Instead of what it followed before; nothing: it has ended."""
        key, now, before = keys.connection(connection), set(followed), set[Edition]()
        with suppress(NotFoundError):
            before = {Edition(*each) for each in json.loads(self._store.get(key))}
        for edition in before - now:
            self._connections.forget(keys.follower(*edition, connection))
        for edition in now - before:
            self._store.put(keys.follower(*edition, connection), b"")
        self._store.put(key, json.dumps(sorted(now)).encode())


class StoredTickets:
    """Tickets that any function can use. address: of the WebSocket API. clock: epoch seconds."""

    def __init__(self, store: Store, address: str, clock: Callable[[], float] = time.time) -> None:
        self._store, self._address, self._clock = store, address, clock

    def address(self, scheme: str, host: str) -> str:
        ticket = secrets.token_hex(16)
        self._store.put(keys.ticket(ticket), json.dumps(self._clock() + push.TICKET_SECONDS).encode())
        return f"{self._address}?ticket={ticket}"

    def use(self, ticket: str) -> bool:
        if not _TICKET.fullmatch(ticket):
            return False
        try:
            until = float(self._store.get(keys.ticket(ticket)))
        except NotFoundError:
            return False
        return self._clock() < until and self._store.put_if_absent(f"{keys.ticket(ticket)}-used", b"")


def answer(app: App, followers: Followers, tickets: StoredTickets, origin: str, sent: object) -> int:
    """The status for an event of a WebSocket API's route. origin: of the page that may connect."""
    event = events.table(sent)
    context = events.table(event.get("requestContext"))
    route, connection = context.get("routeKey"), context.get("connectionId")
    if not isinstance(connection, str) or not connection:
        return 400
    if route == "$connect":
        return 200 if _may_connect(event, origin, tickets) else 403
    try:
        followed = {} if route == "$disconnect" else push.followed(event.get("body"))
    except RequestError:
        return 400
    followers.follow(connection, followed)
    for edition, version in followed.items():
        change = push.current(app, edition)
        if change and change.version != version:
            followers.post(connection, change)
    return 200


def _may_connect(event: dict[str, Any], origin: str, tickets: StoredTickets) -> bool:
    """A browser says from which page a script connects; other clients say nothing."""
    headers = {str(name).lower(): value for name, value in events.table(event.get("headers")).items()}
    if origin != "*" and headers.get("origin", origin) != origin:
        return False
    return tickets.use(str(events.table(event.get("queryStringParameters")).get("ticket", "")))
