"""The endpoint over a folder, asked through boto3 as flixpose asks; objects outlive it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from flixpose.adapters.stores import open_store
from flixpose.embedded.process import Leashed, free_port, start, wait_until
from flixpose.errors import MissingInput
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore
from flixpose.settings import load_settings

pytestmark = pytest.mark.services
KEY = "results/50% off? #1 ü+ &<x>/result.png"


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Leashed]]:
    """Starts it (again) over one folder."""
    port = free_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "AKHERE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    running: list[Leashed] = []

    def begin() -> Leashed:
        for process in running:
            process.stop()
        module = ["-m", "flixpose.embedded.folder_s3", str(tmp_path / "objects"), "shop", str(port)]
        running[:] = [start("s3", [sys.executable, *module], log=tmp_path / "log")]
        client = boto3.session.Session().client("s3")
        wait_until(lambda: answers(client), running[0])
        return running[0]

    yield begin
    for process in running:
        process.stop()


def answers(client: object) -> bool:
    try:
        client.head_bucket(Bucket="shop")  # type: ignore[attr-defined]
    except Exception:
        return False
    return True


def store_of(tmp_path: Path) -> BlobStore:
    return open_store("s3://shop/prefix", load_settings({"HOME": str(tmp_path)}))


def test_objects_outlive_the_endpoint(endpoint: Callable[[], Leashed], tmp_path: Path) -> None:
    endpoint()
    blobs, data = store_of(tmp_path), bytes(range(256)) * 5000
    blobs.put(KEY, data, media_type="image/png", sha256=sha256_hex(data))
    endpoint()
    blobs = store_of(tmp_path)
    assert blobs.get(KEY) == data and blobs.exists(KEY)
    assert blobs.read(blobs.uri(KEY), max_bytes=len(data)) == data
    assert list(blobs.keys("results")) == [KEY] and list(blobs.keys("result")) == []
    blobs.delete(KEY)
    assert not blobs.exists(KEY)
    with pytest.raises(MissingInput):
        blobs.get(KEY)


def test_it_lists_many_and_refuses_what_it_does_not_know(
    endpoint: Callable[[], Leashed], tmp_path: Path
) -> None:
    endpoint()
    folder = tmp_path / "objects" / "shop" / "prefix" / "many"
    folder.mkdir(parents=True)
    for n in range(1005):
        (folder / f"{n:04}").write_bytes(b"{}\n")
    assert list(store_of(tmp_path).keys("many")) == [f"many/{n:04}" for n in range(1005)]
    client = boto3.session.Session().client("s3")
    for act, code in (
        (lambda: client.put_object(Bucket="other", Key="a", Body=b""), "NoSuchBucket"),
        (lambda: client.create_multipart_upload(Bucket="shop", Key="a"), "NotImplemented"),
        (lambda: client.put_object(Bucket="shop", Key="../../../a", Body=b""), "InvalidArgument"),
        (lambda: client.put_object(Bucket="shop", Key="a", Body=b"x", ContentMD5="AAAA"), "BadDigest"),
    ):
        with pytest.raises(ClientError) as failure:
            act()
        assert failure.value.response["Error"]["Code"] == code
    stranger = boto3.session.Session().client(
        "s3", aws_access_key_id="AKSTRANGER", aws_secret_access_key="none"
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.get_object(Bucket="shop", Key="prefix/many/0001")
