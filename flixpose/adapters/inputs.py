"""Reading what jobs name: `file://` and `s3://` URIs, only from where it is allowed, only up to a size."""

import stat
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from flixpose.adapters.s3 import s3_failures
from flixpose.errors import FlixposeError, ForbiddenUri, ImageTooLarge, MissingInput, StoreUnavailable
from flixpose.imaging.files import sha256_hex

_TRIES = 3


class Inputs:
    """Reads the objects behind URIs.

    Args:
        roots: folders that may be read, with all below; None = any.
        buckets: buckets that may be read; None = any.
        client: gives the boto3 client; called only when an `s3://` URI is read.
    """

    def __init__(
        self, roots: Collection[Path] | None, buckets: Collection[str] | None, client: Callable[[], Any]
    ) -> None:
        self._roots = None if roots is None else [root.resolve() for root in roots]
        self._buckets = buckets
        self._client = client

    def read(self, uri: str, *, max_bytes: int) -> bytes:
        """The object's bytes. Raises: MissingInput, ForbiddenUri, ImageTooLarge, StoreUnavailable."""
        scheme, host, path = split_uri(uri)
        if scheme == "file":
            return self._read_file(uri, Path(path).resolve(), max_bytes)
        return self._read_object(uri, host, path, max_bytes)

    def _read_file(self, uri: str, path: Path, max_bytes: int) -> bytes:
        if self._roots is not None and not any(path.is_relative_to(root) for root in self._roots):
            raise ForbiddenUri(f"{uri} is outside the folders that may be read.", subject=uri)
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise MissingInput(f"{path} is not a file.", subject=uri)
            with path.open("rb") as stream:
                return _bounded(stream, uri, path.stat().st_size, max_bytes)
        except (OSError, ValueError) as failure:
            reason = getattr(failure, "strerror", None) or str(failure)
            raise MissingInput(f"{path} cannot be read: {reason}.", subject=uri) from failure

    def _read_object(self, uri: str, bucket: str, key: str, max_bytes: int) -> bytes:
        if self._buckets is not None and bucket not in self._buckets:
            raise ForbiddenUri(f"{uri}: the bucket {bucket!r} is not among those allowed.", subject=uri)
        return read_object(self._client(), bucket, key, uri, max_bytes=max_bytes)


def read_object(client: Any, bucket: str, key: str, uri: str, *, max_bytes: int | None = None) -> bytes:
    """An object whole. A body that breaks off, or has another hash than was put, is fetched again.

    The size is known from the answer's head, before any of the body is read.

    Raises: MissingInput, ForbiddenUri, ImageTooLarge, StoreUnavailable.
    """
    failure: FlixposeError = StoreUnavailable(f"{uri} was not read.", subject=uri)
    for _ in range(_TRIES):
        with s3_failures(uri, found=True):
            answer = client.get_object(Bucket=bucket, Key=key)
        try:
            with s3_failures(uri, found=True), answer["Body"] as body:
                data = _bounded(body, uri, int(answer["ContentLength"]), max_bytes)
            _check_hash(data, answer.get("Metadata", {}).get("sha256"), uri)
            return data
        except StoreUnavailable as broken:
            failure = broken
    raise failure


def split_uri(uri: str) -> tuple[str, str, str]:
    """(scheme, host or bucket, path or key); raises ForbiddenUri where no file or object is named.

    A `file://` path is percent-encoded; an `s3://` key is taken as it stands, as everybody writes it.
    """
    scheme, _, rest = uri.partition("://")
    host, _, path = rest.partition("/")
    if scheme == "file" and host in ("", "localhost") and path:
        path = "/" + unquote(path)
    elif scheme != "s3" or not host or not path:
        raise ForbiddenUri(f"{uri!r} names no file:// or s3:// object.", subject=uri)
    if any(ord(letter) < 32 for letter in host + path):
        raise ForbiddenUri(f"{uri!r} holds control characters.", subject=uri)
    return scheme, host, path


def _bounded(stream: BinaryIO, uri: str, size: int, max_bytes: int | None) -> bytes:
    if max_bytes is not None and size > max_bytes:
        limit = f"{max_bytes / 1e6:g} MB"
        raise ImageTooLarge(f"{uri} has {size / 1e6:.1f} MB, more than the {limit} allowed.", subject=uri)
    data = stream.read(size + 1)
    if len(data) != size:
        raise StoreUnavailable(f"{uri} ended after {len(data)} of {size} bytes.", subject=uri)
    return data


def _check_hash(data: bytes, sha256: str | None, uri: str) -> None:
    if sha256 is not None and sha256_hex(data) != sha256:
        raise StoreUnavailable(f"{uri} holds other bytes than were put there.", subject=uri)
