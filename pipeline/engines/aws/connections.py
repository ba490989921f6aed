"""The connections of an API Gateway WebSocket API, and the bucket's entries of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.engines.aws.errors import code_of, mapped_errors
from pipeline.errors import StoriesError

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

_SERVICE = "apigatewaymanagementapi"


class GatewayConnections:
    """Needs execute-api:ManageConnections on the API's stage, and s3:DeleteObject on push/."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients, self._bucket = clients, bucket

    def post(self, connection: str, text: str) -> bool:
        client: Any = self._clients.get(_SERVICE)
        try:
            with mapped_errors("push", "Amazon API Gateway"):
                client.post_to_connection(ConnectionId=connection, Data=text.encode())
        except StoriesError as error:
            if code_of(error.__cause__) == "GoneException":
                return False
            raise
        return True

    def forget(self, key: str) -> None:
        with mapped_errors("s3", f"the bucket {self._bucket}"):
            self._clients.get("s3").delete_object(Bucket=self._bucket, Key=key)
