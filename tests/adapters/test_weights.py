"""The weights cache, with wheels made here and the real pip reading them from a folder."""

import hashlib
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from flixpose.adapters.weights import WeightsCache
from flixpose.errors import OutputUnwritable, UsageError, WeightsDamaged, WeightsMissing
from flixpose.models import MODELS, ModelFile, Wheel
from flixpose.structures.found import ModelInfo

FILE_NAME = "pretend_models-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
CONTENTS = {"alpha": b"first net" * 500, "beta": b"second net" * 700}


def build_wheel(folder: Path, contents: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    info = "pretend_models-1.0.dist-info"
    with zipfile.ZipFile(folder / FILE_NAME, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in contents.items():
            wheel.writestr(f"pretend/{name}.tflite", data)
        wheel.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: pretend-models\nVersion: 1.0\nRequires-Dist: no-such-thing\n",
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder / FILE_NAME


def table(wheel: Path, contents: dict[str, bytes]) -> dict[str, ModelFile]:
    """The table that publishes this wheel."""
    data = wheel.read_bytes()
    source = Wheel(
        "pretend-models", "1.0", "3.11", "manylinux_2_28_x86_64", FILE_NAME, _sha256(data), len(data)
    )
    return {
        name: ModelFile(
            ModelInfo(name, "1.0", "pretend", "Apache-2.0", "here", _sha256(content)),
            len(content),
            source,
            f"pretend/{name}.tflite",
        )
        for name, content in contents.items()
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return build_wheel(tmp_path / "index", CONTENTS)


@pytest.fixture
def models(wheel: Path) -> dict[str, ModelFile]:
    return table(wheel, CONTENTS)


@pytest.fixture
def cache(tmp_path: Path, models: dict[str, ModelFile]) -> WeightsCache:
    return WeightsCache(tmp_path / "home", models)


@pytest.fixture
def index(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip configured by the user to look into a folder only."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel.parent


def test_pulling_downloads_through_the_users_pip_and_verifies(cache, index):
    notes: list[tuple[int, str]] = []
    entries = cache.pull(report=lambda done, note: notes.append((done, note)))
    assert [entry.state for entry in entries] == ["ready", "ready"]
    assert {name: cache.path(name).read_bytes() for name in CONTENTS} == CONTENTS
    assert notes[0] == (0, "") and notes[-1][0] == 2 and any("downloading" in note for _, note in notes)
    assert sorted(cache.folder.iterdir()) == sorted(entry.path for entry in entries)


def test_what_is_there_is_not_fetched_again(cache, wheel, index):
    cache.pull(["alpha"])
    wheel.unlink()
    assert cache.pull(["alpha"])[0].state == "ready"
    with pytest.raises(WeightsMissing, match=r"pip could not download pretend-models==1\.0"):
        cache.pull()
    assert cache.path("alpha").read_bytes() == CONTENTS["alpha"]


def test_a_wheel_at_hand_needs_no_network(cache, wheel, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    cache.pull(wheel=wheel)
    assert cache.path("beta").read_bytes() == CONTENTS["beta"]


def test_weights_that_were_never_fetched_are_missing(cache):
    with pytest.raises(WeightsMissing, match="alpha") as failure:
        cache.path("alpha")
    assert "flixpose models pull" in failure.value.advice and failure.value.subject == "alpha"


def test_a_changed_file_is_damaged_until_it_is_pulled_anew(cache, wheel):
    path = cache.pull(wheel=wheel)[0].path
    path.write_bytes(b"x" * path.stat().st_size)
    fresh = WeightsCache(cache.folder.parent, {e.model.info.name: e.model for e in cache.entries()})
    with pytest.raises(WeightsDamaged, match=path.name):
        fresh.path("alpha")
    assert [entry.state for entry in fresh.entries()] == ["damaged", "ready"]
    fresh.pull(wheel=wheel)
    assert fresh.path("alpha").read_bytes() == CONTENTS["alpha"]


def test_force_writes_again(cache, wheel):
    before = cache.pull(wheel=wheel)[0].path.stat().st_ino
    assert cache.pull(wheel=wheel)[0].path.stat().st_ino == before
    assert cache.pull(wheel=wheel, force=True)[0].path.stat().st_ino != before


def test_a_wheel_that_is_not_the_published_one_is_refused(cache, wheel, tmp_path):
    other = build_wheel(tmp_path / "other", CONTENTS | {"alpha": b"evil" * 999})
    with pytest.raises(WeightsDamaged, match=FILE_NAME):
        cache.pull(wheel=other)
    with pytest.raises(WeightsMissing, match="there is no file"):
        cache.pull(wheel=tmp_path / "absent.whl")
    assert all(entry.state == "missing" for entry in cache.entries())


@pytest.mark.parametrize("change", ["content", "larger", "gone"])
def test_a_member_that_is_not_the_published_one_is_refused(tmp_path, change):
    contents = {"content": b"first nut" * 500, "larger": CONTENTS["alpha"] * 2, "gone": b""}[change]
    members = {"beta": CONTENTS["beta"]} | ({} if change == "gone" else {"alpha": contents})
    wheel = build_wheel(tmp_path / "index", members)
    promised = table(wheel, CONTENTS)
    cache = WeightsCache(tmp_path / "home", promised)
    with pytest.raises(WeightsDamaged, match="alpha"):
        cache.pull(wheel=wheel)
    assert cache.entry("alpha").state == "missing"


def test_the_name_in_the_cache_never_comes_from_the_wheel(tmp_path, wheel, models):
    escaping = {"alpha": replace(models["alpha"], member="pretend/../../../escaped.tflite")}
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(escaping["alpha"].member, CONTENTS["alpha"])
    data = wheel.read_bytes()
    source = replace(models["alpha"].wheel, sha256=_sha256(data), size=len(data))
    cache = WeightsCache(tmp_path / "home", {"alpha": replace(escaping["alpha"], wheel=source)})
    assert cache.pull(wheel=wheel)[0].path.parent == cache.folder
    assert not list(tmp_path.rglob("escaped.tflite"))


def test_several_pulls_at_once_all_succeed(tmp_path, wheel, models):
    failures: list[BaseException] = []

    def pull() -> None:
        try:
            WeightsCache(tmp_path / "home", models).pull(wheel=wheel, force=True)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=pull) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache = WeightsCache(tmp_path / "home", models)
    assert not failures and all(entry.state == "ready" for entry in cache.entries())
    assert len(list(cache.folder.iterdir())) == 2


def test_an_interrupted_pull_leaves_no_half_and_is_taken_up(cache, wheel):
    def stop(done: int, note: str) -> None:
        if note == "alpha":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.pull(wheel=wheel, report=stop)
    assert [entry.state for entry in cache.entries()] == ["ready", "missing"]
    assert len(list(cache.folder.iterdir())) == 1
    assert [entry.state for entry in cache.pull(wheel=wheel)] == ["ready", "ready"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path, wheel, models):
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(OutputUnwritable, match="home"):
        WeightsCache(tmp_path / "home", models).pull(wheel=wheel)


def test_an_unknown_name_is_a_usage_error(cache):
    for ask in (cache.path, cache.entry, lambda name: cache.pull([name])):
        with pytest.raises(UsageError, match="alpha, beta"):
            ask("gamma")


def test_the_published_table_is_whole():
    assert {"pose_detection", "pose_landmark_full"} <= set(MODELS)
    for name, model in MODELS.items():
        assert model.info.name == name and model.info.licence == "Apache-2.0"
        assert len(model.info.sha256) == 64
        if model.wheel is not None:
            assert len(model.wheel.sha256) == 64 and model.size < 10_000_000
            assert model.member.endswith(f"{name}.tflite")


def test_what_ships_inside_the_package_is_there_and_needs_no_fetching(tmp_path: Path):
    cache = WeightsCache(tmp_path)
    shipped = [name for name, model in MODELS.items() if model.wheel is None]
    assert "garment_net" in shipped
    for name in shipped:
        assert cache.entry(name).state == "ready" and cache.path(name).stat().st_size <= 12_000_000
    assert [entry.state for entry in cache.pull(shipped)] == ["ready"] * len(shipped)
    assert not cache.folder.exists()


def test_a_damaged_file_of_the_package_asks_for_a_new_installation(tmp_path: Path):
    wrong = replace(MODELS["garment_net"], size=1)
    with pytest.raises(WeightsDamaged, match="install flixpose again"):
        WeightsCache(tmp_path, {"garment_net": wrong}).path("garment_net")
