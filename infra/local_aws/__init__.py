"""A local AWS for tests and development: moto, and a server for the services that moto lacks.

    with LocalAws("fake") as aws:            # or `python -m infra.local_aws` for other shells
        aws.environment                      # AWS_ENDPOINT_URL_…, keys, STORIES_ENDPOINT, STORIES_BUCKET
        aws.inject("SynthesizeSpeech", Fault("throttle", times=3))
        aws.requests("SynthesizeSpeech")     # how many arrived

Tests use the fixtures of tests/infra/local_aws/fixtures.py. Other processes use HTTP for the same: POST
/_local/faults {"operation", "kind", "times", "seconds", "after"}, POST /_local/reset, GET /_local/requests
and /_local/health. deploy.py puts the workflow of infra/ into it. `pipeline` never imports this package.

To add a service that moto lacks: a module with `SERVICE = Service(id=…, handlers={"Operation": function},
refusals={"throttle": …, "error500": …, "error503": …})`, and a line in server.SERVICES. botocore's model of
`id` supplies the protocol (JSON 1.0, 1.1 or REST JSON), routes, parameter names, statuses and error shapes
(wire.py). A handler receives a Call, returns the output's members and raises ServiceError. Signatures,
counts and faults are service.py's. To check or change what moto answers: a Forwarded, as in s3.py.
"""

from infra.local_aws.faults import Fault
from infra.local_aws.server import LocalAws

__all__ = ["Fault", "LocalAws"]
