"""Amazon engines: SageMaker writes, Translate translates, Polly speaks, S3 keeps. boto3 lives here only."""
