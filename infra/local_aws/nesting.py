"""Services whose handlers wait for other requests to this same server."""

from __future__ import annotations

from anyio.to_thread import current_default_thread_limiter
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws.account import Account
from infra.local_aws.faults import Traffic
from infra.local_aws.service import Service

# Starlette's threads are 40: so many executions at once would leave none for the functions they wait for.
_THREADS = 1000


class NestingService(Service):
    def app(self, account: Account, traffic: Traffic) -> ASGIApp:
        inner = super().app(account, traffic)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            limiter = current_default_thread_limiter()
            limiter.total_tokens = max(limiter.total_tokens, _THREADS)
            await inner(scope, receive, send)

        return app
