"""The embedded stack: a real Redis, a real PostgreSQL and an S3 endpoint, all from wheels, on loopback."""
