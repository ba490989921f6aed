"""Whether JumpStart offers a model, before anything of it is deployed."""

from __future__ import annotations

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError, StoriesError

# AWS's own catalog, which the SDK deploys JumpStart's models from.
_HUB = "SageMakerPublicHub"


def describe_offer(clients: Clients, model_id: str) -> str:
    """What JumpStart says of the model, for a person; also where the caller may not ask. Raises ConfigError:
    it is not offered in this region."""
    client = clients.get("sagemaker")
    try:
        with mapped_errors("sagemaker", "JumpStart's catalog"):
            content = client.describe_hub_content(
                HubName=_HUB, HubContentType="Model", HubContentName=model_id
            )
    except StoriesError as error:
        if error.problem != "no-resource":
            return f"whether JumpStart offers {model_id} is not known: {error}"
        raise ConfigError(
            f"JumpStart does not offer {model_id} in {client.meta.region_name}: choose another model_id "
            "(the model that a story is written by), or another region",
            problem="config",
        ) from error
    offer = f"{model_id}, version {content['HubContentVersion']}"
    status = content.get("SupportStatus", "Supported")
    return offer if status == "Supported" else f"{offer}, {status.casefold()}: AWS may withdraw it"
