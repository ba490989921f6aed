"""Amazon API Gateway's WebSocket API: connections, whose events a function takes, and PostToConnection.

Events: API Gateway developer guide, "Set up a WebSocket API integration request"; limits: its quotas.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from infra.local_aws.account import Account
from infra.local_aws.authorization import Need
from infra.local_aws.functions import Context, handlers_of
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError

FUNCTION = "MvpStoriesPush"
API, STAGE = "push", "dev"
# "Message payload size: 128 KB".
_MAX_BYTES = 131_072
_PATIENCE = 30.0


async def connect(account: Account, scope: Scope, receive: Receive, send: Send) -> None:
    """One connection, from $connect to $disconnect. What the function answers to a message is not sent."""
    socket, name = WebSocket(scope, receive, send), secrets.token_urlsafe(11) + "="
    handler = handlers_of(account.options.lambdas)[FUNCTION]

    async def invoke(route: str, **more: Any) -> Any:
        context = {"routeKey": route, "connectionId": name, "apiId": API, "stage": STAGE}
        event = {"requestContext": context, "isBase64Encoded": False, **more}
        return await run_in_threadpool(handler, event, Context(FUNCTION, account.arn("lambda", FUNCTION)))

    query = dict(socket.query_params) or None
    answer = await invoke("$connect", headers=dict(socket.headers), queryStringParameters=query)
    if answer["statusCode"] != 200:
        await socket.close()
        return
    await socket.accept()
    account.sockets[name] = partial(_send, socket, asyncio.get_running_loop())
    try:
        async for text in socket.iter_text():
            await invoke("$default", body=text)
    finally:
        del account.sockets[name]
        await invoke("$disconnect")


def _send(socket: WebSocket, loop: asyncio.AbstractEventLoop, text: str) -> None:
    """For a thread."""
    asyncio.run_coroutine_threadsafe(socket.send_text(text), loop).result(_PATIENCE)


def post_to_connection(call: Call) -> Params:
    data: bytes = call.params["Data"]
    if len(data) > _MAX_BYTES:
        raise ServiceError("PayloadTooLargeException", "The data has exceeded the maximum size allowed.")
    send: Callable[[str], None] | None = call.account.sockets.get(call.params["ConnectionId"])
    try:
        if send is None:
            raise WebSocketDisconnect
        send(data.decode())
    except WebSocketDisconnect as error:
        raise ServiceError(
            "GoneException", "The connection with the provided id no longer exists."
        ) from error
    return {}


def _needs(call: Call) -> tuple[Need, ...]:
    resource = f"{API}/{STAGE}/POST/@connections/{call.params['ConnectionId']}"
    return (("execute-api:ManageConnections", call.account.arn("execute-api", resource)),)


SERVICE = Service(
    id="apigatewaymanagementapi",
    handlers={"PostToConnection": post_to_connection},
    refusals={
        "throttle": ServiceError("LimitExceededException", "Rate exceeded"),
        "error500": ServiceError("InternalServerError", "An internal error occurred"),
        "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
    },
    needs=_needs,
)
