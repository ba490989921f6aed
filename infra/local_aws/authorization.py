"""May a role do that? moto's evaluator of IAM policies decides, and what was asked is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from moto.iam.access_control import IAMPolicy, PermissionResult

from infra.local_aws.wire import ServiceError

# Of actions whose service has no resources.
ALL = "*"
# (IAM's action, the resource's ARN)
Need = tuple[str, str]


@dataclass
class Role:
    """policies: documents as JSON. needed: what its requests needed, and whether a policy allows it."""

    name: str
    policies: tuple[str, ...]
    needed: dict[Need, bool] = field(default_factory=dict)

    def allows(self, need: Need) -> bool:
        results = {IAMPolicy(policy).is_action_permitted(*need) for policy in self.policies}
        return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results


def check(role: Role, needs: Sequence[Need], code: str) -> None:
    """Raises ServiceError, with this code: one of them is not allowed."""
    for action, resource in needs:
        allowed = role.needed[action, resource] = role.allows((action, resource))
        if not allowed:
            message = (
                f"User: {role.name} is not authorized to perform: {action} on resource: {resource} "
                f"because no identity-based policy allows the {action} action"
            )
            raise ServiceError(code, message, status=403)
