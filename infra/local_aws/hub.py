"""SageMaker's public hub: DescribeHubContent of the models that jumpstart.py has."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from infra.local_aws.jumpstart import MODEL_ID, NOTICE, VERSION
from infra.local_aws.service import Call
from infra.local_aws.wire import Params, ServiceError

HUB = "SageMakerPublicHub"
_CREATED = datetime(2024, 1, 1, tzinfo=UTC)


def describe_hub_content(call: Call) -> Params:
    name, hub = call.params["HubContentName"], call.params["HubName"]
    if (hub, call.params["HubContentType"], name) != (HUB, "Model", MODEL_ID):
        raise ServiceError("ResourceNotFound", f"Hub content {name} of hub {hub} does not exist.")
    region = call.account.region
    return {
        "HubContentName": name,
        "HubContentArn": f"arn:aws:sagemaker:{region}:aws:hub-content/{HUB}/Model/{name}/{VERSION}",
        "HubContentVersion": VERSION,
        "HubContentType": "Model",
        "DocumentSchemaVersion": "2.3.0",
        "HubName": HUB,
        "HubArn": f"arn:aws:sagemaker:{region}:aws:hub/{HUB}",
        "HubContentDescription": NOTICE,
        "HubContentDocument": json.dumps({"made_up": NOTICE}),
        "HubContentStatus": "Available",
        "SupportStatus": "Supported",
        "CreationTime": _CREATED,
    }
