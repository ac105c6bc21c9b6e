"""boto3 kept in one place: a client for any S3-compatible store, and its failures in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flixpose.errors import FlixposeError, ForbiddenUri, MissingInput, StoreUnavailable

_MISSING = {"NoSuchKey", "NoSuchBucket", "NotFound", "404"}
_REFUSED = {"AccessDenied", "Forbidden", "403"}


def make_client(request_checksum: str, response_checksum: str) -> Any:
    """A client that tries each request five times; where it connects and as whom is boto3's own to find.

    A store other than Amazon's is addressed by path: `bucket.host` has a name there only by luck.

    Raises:
        StoreUnavailable: boto3's own settings are broken.
    """
    import boto3
    from botocore.config import Config

    def build(addressing: str) -> Any:
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 5},
            max_pool_connections=32,
            request_checksum_calculation=request_checksum,
            response_checksum_validation=response_checksum,
            s3={"addressing_style": addressing},
            signature_version="s3v4",  # of links too
        )
        return boto3.session.Session().client("s3", config=config)

    with s3_failures("the S3 client", found=False):
        client = build("auto")
        return client if ".amazonaws.com" in client.meta.endpoint_url else build("path")


@contextmanager
def s3_failures(subject: str, *, found: bool) -> Iterator[None]:
    """boto3's exceptions → ours.

    Args:
        subject: the URI at fault, for the message.
        found: the object is somebody's input, so that a missing or forbidden one is his to correct; else
            the store itself is at fault.

    Raises: MissingInput, ForbiddenUri, StoreUnavailable.
    """
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError

    try:
        yield
    except ClientError as failure:
        raise _translated(failure.response, subject, found) from failure
    except ParamValidationError as failure:
        wrong: type[FlixposeError] = MissingInput if found else StoreUnavailable
        raise wrong(f"{subject}: is not the name of an object.", subject=subject) from failure
    except (BotoCoreError, HTTPClientError, OSError, ValueError) as failure:
        raise StoreUnavailable(f"{subject}: {failure}.", subject=subject) from failure


def _translated(response: Any, subject: str, found: bool) -> Exception:
    error = response.get("Error", {})
    code, text = str(error.get("Code", "")), error.get("Message") or "no reason given"
    if found and code in _MISSING:
        what = "the bucket" if code == "NoSuchBucket" else "the object"
        return MissingInput(f"{subject}: {what} does not exist.", subject=subject)
    if found and code in _REFUSED:
        advice = "Give these credentials s3:GetObject and s3:ListBucket there, or use another bucket."
        return ForbiddenUri(f"{subject}: the store refuses to show it.", subject=subject, advice=advice)
    return StoreUnavailable(f"{subject}: {code or 'failure'}: {text}.", subject=subject)
