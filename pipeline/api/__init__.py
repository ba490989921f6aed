"""The API, the same behind API Gateway and on a laptop: API Gateway proxy events in, proxy answers out."""

from pipeline.api.gateway import Api

__all__ = ["Api"]
