"""The services that keep something of their own, made anew for each local AWS."""

from __future__ import annotations

from infra.local_aws.amplify import Amplify
from infra.local_aws.control import SageMaker
from infra.local_aws.functions import Functions
from infra.local_aws.iam import Iam
from infra.local_aws.options import Options
from infra.local_aws.quotas import Quotas
from infra.local_aws.service import Mounted
from infra.local_aws.stepfunctions import StepFunctions


def services_of(options: Options) -> tuple[Mounted, ...]:
    return (
        Functions(options).service,
        StepFunctions(options).service,
        SageMaker(options).service,
        Quotas(options).service,
        Iam(options),
        Amplify(options).service,
    )
