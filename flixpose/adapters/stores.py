"""Where results go: a local folder or a bucket. Both are `flixpose.ports.BlobStore`."""

import base64
import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flixpose.adapters.inputs import Inputs, read_object
from flixpose.adapters.s3 import make_client, s3_failures
from flixpose.adapters.weights import file_sha256
from flixpose.errors import ForbiddenUri, MissingInput, OutputUnwritable, StoreUnavailable, UsageError
from flixpose.imaging.files import write_atomic
from flixpose.ports import BlobStore
from flixpose.settings import Settings

_KEY_PART = re.compile(r"[^/\\\x00-\x1f\x7f]+")
_TRIES = 3
LONGEST_LINK_S = 3600  # whoever a link is passed on to has it, too
_PARTIAL = ".partial"


def open_store(url: str, settings: Settings) -> BlobStore:
    """The store behind `file:///folder` or `s3://bucket/prefix`; touches nothing yet.

    What may be read: with a folder as store (one machine, one user) anything, unless the settings name
    folders or buckets; with a bucket only what the settings name, and that bucket.
    """
    parts = urlsplit(url)
    client = LazyClient(settings.s3_request_checksum, settings.s3_response_checksum)
    if parts.scheme == "file":
        inputs = Inputs(settings.read_roots or None, settings.read_buckets or None, client)
        return LocalStore(Path(unquote(parts.path)), inputs)
    inputs = Inputs(settings.read_roots, {parts.netloc, *settings.read_buckets}, client)
    return S3Store(parts.netloc, parts.path, client, inputs)


def check_key(key: str) -> str:
    """A key that stays where it belongs. Raises ForbiddenUri."""
    parts = key.split("/")
    if len(key) > 900 or any(part in ("", ".", "..") or not _KEY_PART.fullmatch(part) for part in parts):
        raise ForbiddenUri(f"{key!r} is no key for an object.", subject=key)
    return key


def _check_life(seconds: int) -> None:
    if not 1 <= seconds <= LONGEST_LINK_S:
        raise UsageError(f"A link lives for 1 to {LONGEST_LINK_S} seconds, not for {seconds}.")


class LazyClient:
    """A boto3 client, made when it is first called for; shared by the threads of a process."""

    def __init__(self, request_checksum: str, response_checksum: str) -> None:
        self._checksums = request_checksum, response_checksum
        self._lock = threading.Lock()

    def __call__(self) -> Any:
        with self._lock:
            return self._client

    @cached_property
    def _client(self) -> Any:
        return make_client(*self._checksums)


class LocalStore:
    """Objects as files below one folder, each written whole or not at all.

    A file on its way lies in a hidden folder of the store, where no key leads: a killed writer leaves nothing
    among the objects, whoever else writes there.

    Attributes:
        partial: that hidden folder; whoever writes beside the store may use it too.
    """

    def __init__(self, root: Path, inputs: Inputs) -> None:
        self.root = root.absolute()
        self.partial = self.root / _PARTIAL
        self._inputs = inputs

    def read(self, uri: str, *, max_bytes: int) -> bytes:
        return self._inputs.read(uri, max_bytes=max_bytes)

    def put(self, key: str, data: bytes, *, media_type: str, sha256: str) -> str:
        try:
            write_atomic(self.path(key), data, parts=self.partial)
        except OutputUnwritable as failure:
            raise StoreUnavailable(
                failure.message, advice=failure.advice, subject=failure.subject
            ) from failure
        return self.uri(key)

    def get(self, key: str) -> bytes:
        path = self.path(key)
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as failure:
            raise MissingInput(f"{path} does not exist.", subject=key) from failure
        except OSError as failure:
            raise StoreUnavailable(f"{path} cannot be read: {failure.strerror}.", subject=key) from failure

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def holds(self, key: str, *, sha256: str, size: int) -> bool:
        path = self.path(key)
        try:
            return path.stat().st_size == size and file_sha256(path) == sha256
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as failure:
            raise StoreUnavailable(f"{path} cannot be read: {failure.strerror}.", subject=key) from failure

    def delete(self, key: str) -> None:
        path = self.path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as failure:
            raise StoreUnavailable(f"{path} cannot be removed: {failure.strerror}.", subject=key) from failure

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys of all objects below the folder `prefix`."""
        for path in sorted(self.path(prefix).rglob("*")):
            if path.is_file():
                yield path.relative_to(self.root).as_posix()

    def clear_partial(self, older_than_s: float) -> int:
        """By the files' age; a writer that is slower than that finds its file gone, and its put fails."""
        latest = time.time() - older_than_s
        removed = 0
        try:
            for part in self.partial.glob(".*.part"):
                with contextlib.suppress(FileNotFoundError):  # it has just got its name
                    if part.stat().st_mtime <= latest:
                        part.unlink()
                        removed += 1
        except OSError as failure:
            raise StoreUnavailable(f"{self.root} cannot be cleared: {failure.strerror}.") from failure
        return removed

    def uri(self, key: str) -> str:
        return self.path(key).as_uri()

    def link(self, key: str, *, seconds: int) -> str:
        """The file itself: who may read it is the file system's business."""
        _check_life(seconds)
        return self.uri(key)

    def path(self, key: str) -> Path:
        """The object's file. Raises ForbiddenUri for a key, or a link in the folder, that leads outside."""
        path = self.root / check_key(key)
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise ForbiddenUri(f"{key!r} leads outside {self.root}.", subject=key)
        return path


class S3Store:
    """Objects below one prefix of a bucket; each carries its SHA-256, which is checked when it is read."""

    def __init__(self, bucket: str, prefix: str, client: LazyClient, inputs: Inputs) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._client = client
        self._inputs = inputs

    def read(self, uri: str, *, max_bytes: int) -> bytes:
        return self._inputs.read(uri, max_bytes=max_bytes)

    def put(self, key: str, data: bytes, *, media_type: str, sha256: str) -> str:
        """The store checks what arrives against its MD5; what it then says to hold is checked once more."""
        uri = self.uri(key)
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        for _ in range(_TRIES):
            with s3_failures(uri, found=False):
                self._client().put_object(
                    Bucket=self.bucket,
                    Key=self._key(key),
                    Body=data,
                    ContentType=media_type,
                    ContentMD5=digest,
                    Metadata={"sha256": sha256},
                )
                head = self._client().head_object(Bucket=self.bucket, Key=self._key(key))
            if head["ContentLength"] == len(data) and head.get("Metadata", {}).get("sha256") == sha256:
                return uri
        raise StoreUnavailable(f"{uri} does not hold what was put there.", subject=uri)

    def get(self, key: str) -> bytes:
        return read_object(self._client(), self.bucket, self._key(key), self.uri(key))

    def exists(self, key: str) -> bool:
        return self._head(key) is not None

    def holds(self, key: str, *, sha256: str, size: int) -> bool:
        """By the length and the SHA-256 that the store tells, which were checked when it was put."""
        head = self._head(key)
        if head is None:
            return False
        return bool(head["ContentLength"] == size and head.get("Metadata", {}).get("sha256") == sha256)

    def _head(self, key: str) -> Any | None:
        uri = self.uri(key)
        try:
            with s3_failures(uri, found=True):
                return self._client().head_object(Bucket=self.bucket, Key=self._key(key))
        except MissingInput:
            return None
        except ForbiddenUri as failure:
            raise StoreUnavailable(failure.message, advice=failure.advice) from failure

    def delete(self, key: str) -> None:
        uri = self.uri(key)
        with s3_failures(uri, found=False):
            self._client().delete_object(Bucket=self.bucket, Key=self._key(key))

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys of all objects below the folder `prefix`. Raises StoreUnavailable."""
        own = len(self.prefix) + 1 if self.prefix else 0
        with s3_failures(self.uri(prefix), found=False):
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=f"{self._key(prefix)}/"):
                yield from (found["Key"][own:] for found in page.get("Contents", ()))

    def clear_partial(self, older_than_s: float) -> int:
        """A bucket shows nothing of a put that was cut off."""
        return 0

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._key(key)}"

    def link(self, key: str, *, seconds: int) -> str:
        """Signed here, with nobody asked: whether the object is there shows when it is fetched."""
        _check_life(seconds)
        target = {"Bucket": self.bucket, "Key": self._key(key)}
        with s3_failures(self.uri(key), found=False):
            client = self._client()
            return str(client.generate_presigned_url("get_object", Params=target, ExpiresIn=seconds))

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{check_key(key)}" if self.prefix else check_key(key)
