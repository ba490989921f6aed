"""Whether the SageMaker endpoint serves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.engines.aws.doctor.case import Case, Result

_NOTEBOOK = "notebooks/01_deploy_falcon.ipynb"
_STATES: Mapping[str, Result] = {
    "InService": (True, "is in service", ""),
    "Updating": (True, "is being updated, and serves meanwhile", ""),
    "SystemUpdating": (True, "is under AWS's maintenance, and serves meanwhile", ""),
    "RollingBack": (True, "goes back to its last configuration, and serves meanwhile", ""),
    "Creating": (False, "is being created", "wait: it takes 5 to 10 minutes, and this one has had {minutes}"),
    "Deleting": (False, "is being deleted", f"deploy another with {_NOTEBOOK}, or set STORIES_ENDPOINT"),
    "OutOfService": (False, "is out of service", f"delete it and deploy again with {_NOTEBOOK}"),
    "Failed": (False, "has failed: {reason}", f"mend that, delete it and deploy again with {_NOTEBOOK}"),
    "UpdateRollbackFailed": (
        False,
        "serves with a mix of old and new, since an update and its rollback failed: {reason}",
        "update it again, or delete it and deploy again",
    ),
}
_STRANGE: Result = (False, "is in a state called {status}", "look at it in SageMaker's console")


def check_endpoint(case: Case) -> Result:
    if not case.endpoint:
        return False, "no endpoint is set", f"set STORIES_ENDPOINT, or deploy one with {_NOTEBOOK}"
    what = f"the SageMaker endpoint {case.endpoint}"
    answer = case.ask("sagemaker", "describe_endpoint", what, "EndpointStatus", EndpointName=case.endpoint)
    status = str(answer["EndpointStatus"])
    passed, told, todo = _STATES.get(status, _STRANGE)
    now = datetime.now(UTC)
    age = now - answer.get("CreationTime", now)
    known = {
        "status": status,
        "reason": " ".join(answer.get("FailureReason", "AWS tells no reason").split()),
        "minutes": max(0, int(age.total_seconds() // 60)),
    }
    return passed, f"{case.endpoint} {told.format(**known)}", todo.format(**known)
