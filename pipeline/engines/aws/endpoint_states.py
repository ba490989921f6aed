"""What each state of a SageMaker endpoint means to somebody who wants to use it, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

NOTEBOOK = "notebooks/01_deploy_falcon.ipynb"
CREATING, DELETING, FAILED = "Creating", "Deleting", "Failed"
# SageMaker refuses to delete one that is on its way: "Cannot update in-progress endpoint".
BUSY = frozenset({CREATING, "Updating", "SystemUpdating", "RollingBack"})
# Whether it serves; what is told of it; what to do.
Judgement = tuple[bool | None, str, str]
_STATES: Mapping[str, Judgement] = {
    "InService": (True, "is in service", ""),
    "Updating": (True, "is being updated, and serves meanwhile", ""),
    "SystemUpdating": (True, "is under AWS's maintenance, and serves meanwhile", ""),
    "RollingBack": (True, "goes back to its last configuration, and serves meanwhile", ""),
    CREATING: (False, "is being created", "wait: it takes 5 to 10 minutes, and this one has had {minutes}"),
    DELETING: (False, "is being deleted", f"deploy another with {NOTEBOOK}, or set STORIES_ENDPOINT"),
    "OutOfService": (False, "is out of service", f"delete it and deploy again with {NOTEBOOK}"),
    FAILED: (
        False,
        "has failed: {reason}",
        f"{{mend}}, delete it (`stories endpoints delete {{name}}`) and deploy again with {NOTEBOOK}",
    ),
    "UpdateRollbackFailed": (
        False,
        "serves with a mix of old and new, since an update and its rollback failed: {reason}",
        "update it again, or delete it and deploy again",
    ),
}
_STRANGE: Judgement = (False, "is in a state called {status}", "look at it in SageMaker's console")
# Words of a FailureReason, in small letters, and what mends it. The first that fits.
_MENDS = (
    ("capacity", "wait, or take another instance type or region: AWS has none free"),
    ("limit", "ask for a larger quota"),
    ("health check", "look at its CloudWatch log: the model did not start in time, or lacks memory"),
    ("model data", "let the role read the model's bucket"),
    ("role", "let SageMaker assume the role"),
)


def judged(described: Mapping[str, Any]) -> Judgement:
    """described: DescribeEndpoint's answer."""
    status = str(described["EndpointStatus"])
    passed, told, todo = _STATES.get(status, _STRANGE)
    now = datetime.now(UTC)
    age = now - described.get("CreationTime", now)
    reason = " ".join(described.get("FailureReason", "AWS tells no reason").split())
    known = {
        "name": described.get("EndpointName", ""),
        "status": status,
        "reason": reason,
        "mend": next((mend for word, mend in _MENDS if word in reason.casefold()), "mend that"),
        "minutes": max(0, int(age.total_seconds() // 60)),
    }
    return passed, told.format(**known), todo.format(**known)
