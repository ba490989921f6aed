"""A local AWS for tests and development: moto, and a server for the wire protocols that it lacks.

    with LocalAws("fake") as aws:            # or `python -m infra.local_aws` for other shells
        aws.environment                      # AWS_ENDPOINT_URL_…, keys, STORIES_ENDPOINT, STORIES_BUCKET
        aws.inject("SynthesizeSpeech", Fault("throttle", times=3))
        aws.requests("SynthesizeSpeech")     # how many arrived

Tests get it by the fixtures of fixtures.py; from another shell, POST /_local/faults {"operation", "kind",
"times", "seconds", "after"}, POST /_local/reset, GET /_local/requests and /_local/health do the same as the
methods. Faults: faults.Fault. The workflow of infra/ is put into it by deploy.py. `pipeline` never imports
it; whatever a stand-in needs of patches lives here only.

To add a service that moto lacks: a module with a `SERVICE = Service(id=…, handlers={"Operation": function},
refusals={"throttle": …, "error500": …, "error503": …})` and its name in server.SERVICES. `id` is
botocore's name of it; its protocol (JSON 1.0, 1.1 or REST JSON), routes, parameters, statuses and error
shapes come from botocore's model (wire.py), its path and its AWS_ENDPOINT_URL_ variable from its id. A
handler gets a Call (parameters by the model's names, and the Account with the engines behind it), returns
the output's members and raises ServiceError. Signatures, counting and faults are service.py's.

To change what moto answers: a class like s3.S3 (Mounted: id, path, operations, kinds, app) that lets
service.serve() count and break, and proxy.forward() do the work. To have something from the start: seed.py.
"""

from infra.local_aws.faults import Fault
from infra.local_aws.server import LocalAws

__all__ = ["Fault", "LocalAws"]
