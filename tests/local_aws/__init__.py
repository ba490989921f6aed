"""A local AWS for tests and development: moto, and a server for the wire protocols that it lacks."""
