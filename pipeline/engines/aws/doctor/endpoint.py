"""Whether the SageMaker endpoint serves."""

from __future__ import annotations

from pipeline.engines.aws.doctor.case import Case, Result
from pipeline.engines.aws.endpoint_states import NOTEBOOK, judged
from pipeline.engines.aws.parameters import resolved


def check_endpoint(case: Case) -> Result:
    if not case.endpoint:
        return False, "no endpoint is set", f"set STORIES_ENDPOINT, or deploy one with {NOTEBOOK}"
    name = case.endpoint = resolved(case.of("ssm"), case.endpoint)
    what = f"the SageMaker endpoint {name}"
    answer = case.ask("sagemaker", "describe_endpoint", what, "EndpointStatus", EndpointName=name)
    passed, told, todo = judged(answer)
    return passed, f"{name} {told}", todo
