"""A small S3 endpoint over a folder: objects stay when it stops. For one machine, on loopback.

It answers what flixpose asks (put, get, head and delete an object, list a prefix), by path, to requests that
name its access key; anything else is "not implemented". An object is one file, its head a line of JSON, so
that it is there whole or not at all.

    AWS_ACCESS_KEY_ID=… python -m flixpose.embedded.folder_s3 FOLDER BUCKET PORT
"""

import base64
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from flixpose.errors import FlixposeError
from flixpose.imaging.files import write_atomic

_PAGE = 1000
_MOST_BYTES = 1 << 30
_META = "x-amz-meta-"


class Refused(Exception):
    """An answer of S3's own kind."""

    def __init__(self, status: HTTPStatus, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class FolderS3:
    """The endpoint as a WSGI application."""

    def __init__(self, folder: Path, bucket: str, access_key: str) -> None:
        self.root = folder / bucket
        self.bucket = bucket
        self.access_key = access_key
        self.root.mkdir(parents=True, exist_ok=True)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        try:
            answer = self._answer(request)
        except Refused as refusal:
            body = f"<Error><Code>{refusal.code}</Code><Message>{refusal.status.phrase}</Message></Error>"
            answer = Response(body, refusal.status, content_type="application/xml")
        except (FlixposeError, OSError, ValueError, KeyError):  # a file that is none of ours
            answer = Response(
                "<Error><Code>InternalError</Code></Error>", 500, content_type="application/xml"
            )
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if self.access_key not in request.headers.get("Authorization", "") + request.query_string.decode():
            raise Refused(HTTPStatus.FORBIDDEN, "AccessDenied")
        bucket, _, key = request.path.lstrip("/").partition("/")
        if bucket != self.bucket:
            raise Refused(HTTPStatus.NOT_FOUND, "NoSuchBucket")
        if not key and request.method == "GET" and request.args.get("list-type") == "2":
            return self._list(request)
        if not key and request.method == "HEAD":
            return Response(status=200)
        acts = {"PUT": self._put, "GET": self._get, "HEAD": self._get, "DELETE": self._delete}
        strange = request.args.keys() & {"uploads", "uploadId", "acl", "tagging", "versioning"}
        if not key or strange or request.method not in acts:
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented")
        return acts[request.method](request, self._path(key))

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        names = [quote(part, safe=" ()+,=@~") for part in parts]
        if any(part in ("", ".", "..") or len(name) > 250 for part, name in zip(parts, names, strict=True)):
            raise Refused(HTTPStatus.BAD_REQUEST, "InvalidArgument")
        return self.root.joinpath(*names)

    def _put(self, request: Request, path: Path) -> Response:
        if (
            "aws-chunked" in request.headers.get("Content-Encoding", "")
            or "x-amz-copy-source" in request.headers
        ):
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented")
        if (request.content_length or 0) > _MOST_BYTES:
            raise Refused(HTTPStatus.BAD_REQUEST, "EntityTooLarge")
        body = request.get_data(cache=False)
        digest = hashlib.md5(body, usedforsecurity=False)
        told = request.headers.get("Content-MD5")
        if told and told != base64.b64encode(digest.digest()).decode():
            raise Refused(HTTPStatus.BAD_REQUEST, "BadDigest")
        head = {
            "type": request.headers.get("Content-Type", "binary/octet-stream"),
            "etag": digest.hexdigest(),
            "size": len(body),
            "meta": {k.lower(): v for k, v in request.headers.items() if k.lower().startswith(_META)},
        }
        write_atomic(path, json.dumps(head).encode() + b"\n" + body)
        return Response(status=200, headers={"ETag": f'"{head["etag"]}"'})

    def _get(self, request: Request, path: Path) -> Response:
        try:
            stream = path.open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as failure:
            raise Refused(HTTPStatus.NOT_FOUND, "NoSuchKey") from failure
        with stream:
            head = json.loads(stream.readline())
            body = b"" if request.method == "HEAD" else stream.read()
        changed = format_datetime(datetime.fromtimestamp(path.stat().st_mtime, UTC), usegmt=True)
        headers = {"ETag": f'"{head["etag"]}"', "Last-Modified": changed, **head["meta"]}
        answer = Response(body, 200, headers, content_type=head["type"])
        answer.headers["Content-Length"] = str(head["size"])
        return answer

    def _delete(self, request: Request, path: Path) -> Response:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink()
        return Response(status=204)

    def _list(self, request: Request) -> Response:
        prefix, after = request.args.get("prefix", ""), request.args.get("continuation-token", "")
        keys = [key for key in self._keys(prefix) if key > after]
        page, more = keys[:_PAGE], len(keys) > _PAGE
        rows = "".join(f"<Contents><Key>{escape(quote(key, safe='/'))}</Key></Contents>" for key in page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = (
            f"<ListBucketResult><Name>{self.bucket}</Name><KeyCount>{len(page)}</KeyCount>"
            f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{rows}</ListBucketResult>"
        )
        return Response(body, 200, content_type="application/xml")

    def _keys(self, prefix: str) -> Iterator[str]:
        """In S3's order: by the key."""
        top = prefix.rpartition("/")[0]
        start = self._path(top) if top else self.root
        files = (file for file in start.rglob("*") if file.is_file() and not file.name.endswith(".part"))
        keys = (unquote(file.relative_to(self.root).as_posix()) for file in files)
        return iter(sorted(key for key in keys if key.startswith(prefix)))


def main(folder: str, bucket: str, port: str) -> None:
    """Serve until SIGTERM."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing: the worker's log tells what was done."""

    application = FolderS3(Path(folder), bucket, os.environ["AWS_ACCESS_KEY_ID"])
    make_server("127.0.0.1", int(port), application, threaded=True, request_handler=Quiet).serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
