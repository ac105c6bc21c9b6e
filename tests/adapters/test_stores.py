"""Both stores: whole objects or none, and no way out of the folder or bucket."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from flixpose.adapters.stores import LocalStore, S3Store, check_key, open_store
from flixpose.errors import FlixposeError, ForbiddenUri, ImageTooLarge, MissingInput, StoreUnavailable
from flixpose.ports import BlobStore
from flixpose.settings import Settings, load_settings

KEY = "results/ab/cd/result.png"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(store: BlobStore, key: str, data: bytes) -> str:
    return store.put(key, data, media_type="image/png", sha256=sha256(data))


def settings_for(tmp_path: Path, **variables: str) -> Settings:
    return load_settings({"HOME": str(tmp_path), **variables})


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "local":
        return open_store((tmp_path / "store").as_uri(), settings_for(tmp_path))
    variables = request.getfixturevalue("s3_env")
    return open_store(variables["FLIXPOSE_STORE_URL"], settings_for(tmp_path))


def test_what_is_put_is_there_whole(store: BlobStore) -> None:
    assert not store.exists(KEY)
    with pytest.raises(MissingInput):
        store.get(KEY)
    data = bytes(range(256)) * 4000
    uri = put(store, KEY, data)
    assert store.exists(KEY) and store.get(KEY) == data
    assert uri == store.uri(KEY) and store.read(uri, max_bytes=len(data)) == data
    put(store, KEY, b"second")
    assert store.get(KEY) == b"second"


def test_whether_an_object_holds_these_bytes(store: BlobStore) -> None:
    data = b"picture" * 100
    assert not store.holds(KEY, sha256=sha256(data), size=len(data))
    put(store, KEY, data)
    assert store.holds(KEY, sha256=sha256(data), size=len(data))
    put(store, KEY, data[::-1])
    assert not store.holds(KEY, sha256=sha256(data), size=len(data))
    assert not store.holds("results", sha256=sha256(data), size=len(data))


def test_keys_below_a_folder_are_listed(store: BlobStore) -> None:
    for key in ("results/ab/1.png", "results/ab/c/2.png", "results/abc/3.png"):
        put(store, key, b"x")
    assert list(store.keys("results/ab")) == ["results/ab/1.png", "results/ab/c/2.png"]
    assert list(store.keys("nowhere")) == []


def test_keys_with_odd_names_survive(store: BlobStore) -> None:
    key = "in/50% off? #1 ü+.png"
    assert store.read(put(store, key, b"x"), max_bytes=1) == b"x"


def test_size_is_checked_before_reading(store: BlobStore) -> None:
    uri = put(store, KEY, b"x" * 100)
    with pytest.raises(ImageTooLarge):
        store.read(uri, max_bytes=99)


def test_a_key_cannot_leave(store: BlobStore) -> None:
    for key in ("../x", "a/../../x", "/etc/x", "a//b", "", ".", "a\\b", "a\nb", "a/", "x" * 1000):
        for use in (store.get, store.exists, store.uri, check_key):
            with pytest.raises(ForbiddenUri):
                use(key)
        with pytest.raises(ForbiddenUri):
            put(store, key, b"x")


def test_missing_inputs_are_named(store: BlobStore, tmp_path: Path) -> None:
    uri = store.uri("no/such.jpg")
    with pytest.raises(MissingInput) as failure:
        store.read(uri, max_bytes=10)
    assert "such.jpg" in failure.value.message
    for bad in ("http://x/y.jpg", "file.jpg", "s3://bucket", "s3:///key", "file://host/x", "file:///a%00b"):
        with pytest.raises(ForbiddenUri):
            store.read(bad, max_bytes=10)


def test_only_allowed_folders_are_read(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.jpg").write_bytes(b"x")
    (inside / "link.jpg").symlink_to(outside / "a.jpg")
    settings = settings_for(tmp_path, FLIXPOSE_READ_ROOTS=str(inside))
    store = open_store((tmp_path / "store").as_uri(), settings)
    assert store.read((inside / "a.jpg").as_uri(), max_bytes=1) == b"x"
    for path in (outside / "a.jpg", inside / "link.jpg"):
        with pytest.raises(ForbiddenUri):
            store.read(path.as_uri(), max_bytes=1)
    with pytest.raises(ForbiddenUri):
        store.read(f"file://{inside}/../out/a.jpg", max_bytes=1)
    with pytest.raises(MissingInput):
        store.read(inside.as_uri(), max_bytes=1)
    s3 = open_store("s3://b/p", settings_for(tmp_path))
    for uri in ((inside / "a.jpg").as_uri(), "s3://other/a.jpg"):
        with pytest.raises(ForbiddenUri):
            s3.read(uri, max_bytes=1)


def test_a_link_in_the_store_does_not_lead_outside(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "store" / "results").symlink_to(tmp_path / "outside")
    store = open_store((tmp_path / "store").as_uri(), settings_for(tmp_path))
    with pytest.raises(ForbiddenUri):
        put(store, KEY, b"x")


def test_a_folder_that_cannot_be_written_is_a_typed_failure(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"a file, not a folder")
    store = open_store((tmp_path / "store").as_uri(), settings_for(tmp_path))
    with pytest.raises(StoreUnavailable, match="store"):
        put(store, KEY, b"x")


def failure_of(act: Callable[[], object]) -> FlixposeError:
    with pytest.raises(FlixposeError) as failure:
        act()
    return failure.value


@pytest.mark.services
def test_changed_objects_and_missing_buckets_are_noticed(s3_env: dict[str, str], tmp_path: Path) -> None:
    store = open_store(s3_env["FLIXPOSE_STORE_URL"], settings_for(tmp_path, FLIXPOSE_READ_BUCKETS="absent"))
    assert isinstance(store, S3Store)
    store.put(KEY, b"truth", media_type="image/png", sha256=sha256(b"other"))
    assert "other bytes" in failure_of(lambda: store.get(KEY)).message
    missing = failure_of(lambda: store.read("s3://absent/x.jpg", max_bytes=9))
    assert missing.code == "missing_input" and "bucket" in missing.message
    absent = open_store("s3://absent/p", settings_for(tmp_path))
    assert failure_of(lambda: put(absent, KEY, b"x")).code == "store_unavailable"


def test_a_store_that_does_not_answer_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    failure = failure_of(lambda: open_store("s3://b", settings_for(tmp_path)).get(KEY))
    assert failure.code == "store_unavailable" and failure.retry and "hunter2" not in str(failure)


def test_a_local_store_is_a_folder(tmp_path: Path) -> None:
    store = open_store(f"{tmp_path.as_uri()}/my%20store", settings_for(tmp_path))
    assert isinstance(store, LocalStore) and store.root == tmp_path / "my store"
