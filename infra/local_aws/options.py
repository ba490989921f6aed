"""What can be set on a local AWS beside its engines, and what is to be ended with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

LambdaHandler = Callable[[Any, Any], Any]


@dataclass
class Options:
    """Tests may change the figures and sets while it runs.

    lambdas: the Lambda functions, handlers by name or a module's dotted name (see functions.functions_of).
    endpoint_delay: seconds that a new SageMaker endpoint is Creating; one that goes is Deleting for a tenth.
    endpoint_failures: why an endpoint of this name fails after that.
    express_limit: seconds that an Express execution may take (AWS: 5 minutes).
    quotas: endpoint instances by type, where they differ from quotas.DEFAULT.
    denied: IAM actions that SimulatePrincipalPolicy answers implicitDeny to.
    amplify_delay: seconds of a deployment's PENDING and RUNNING together.
    ending: callbacks for when the local AWS stops.
    """

    lambdas: str | Mapping[str, LambdaHandler] = field(default_factory=dict)
    endpoint_delay: float = 300.0
    endpoint_failures: dict[str, str] = field(default_factory=dict)
    express_limit: float = 300.0
    quotas: dict[str, int] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    amplify_delay: float = 2.0
    ending: ExitStack = field(default_factory=ExitStack, repr=False)
