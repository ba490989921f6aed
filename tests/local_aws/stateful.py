"""The services that keep something of their own, made anew for each local AWS."""

from __future__ import annotations

from tests.local_aws.amplify import Amplify
from tests.local_aws.control import SageMaker
from tests.local_aws.functions import Functions
from tests.local_aws.iam import Iam
from tests.local_aws.options import Options
from tests.local_aws.quotas import Quotas
from tests.local_aws.service import Mounted
from tests.local_aws.stepfunctions import StepFunctions


def services_of(options: Options) -> tuple[Mounted, ...]:
    return (
        Functions(options).service,
        StepFunctions(options).service,
        SageMaker(options).service,
        Quotas(options).service,
        Iam(options),
        Amplify(options).service,
    )
