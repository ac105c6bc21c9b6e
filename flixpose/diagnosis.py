"""What `flixpose doctor` looks at. Each check is one function that returns findings and never raises."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from flixpose.errors import FlixposeError
from flixpose.settings import Settings, load_settings, redact

State = Literal["ok", "note", "missing"]

_GIB = 1 << 30
_LEAST_DISK_GIB = 2.0
_PROBE_KEY, _PROBE = "doctor/probe.txt", b"flixpose doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the diagnosis.

    Attributes:
        state: "missing" = needed and not there; "note" = worth knowing.
        remedy: what to do; empty where nothing is to be done.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        return {slot: getattr(self, slot) for slot in self.__slots__}


def diagnose(environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """All findings, in the order in which one would mend them. Without valid settings only some."""
    findings = [*_python(), *_packages(), *_machine()]
    try:
        settings, defaults = load_settings(environ), load_settings(_without_addresses(environ))
    except FlixposeError as failure:
        return [*findings, _missing("settings", failure)]
    findings.append(_settings(settings, defaults, environ))
    findings += [*_weights(settings), *_database(settings), *_store(settings), *_disk(settings)]
    return findings + list(_queue(settings, needed=settings.broker_url != defaults.broker_url))


def _missing(name: str, failure: FlixposeError, *, needed: bool = True) -> Finding:
    state: State = "missing" if needed else "note"
    return Finding(name, state, f"{failure.code}: {redact(failure.message)}", failure.advice)


def _without_addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings as they are where nobody named a queue."""
    return {
        **{k: v for k, v in environ.items() if not k.startswith("FLIXPOSE_")},
        "FLIXPOSE_CONFIG": os.devnull,
    }


def _python() -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _packages() -> Iterator[Finding]:
    found: list[str] = []
    wanting: list[str] = []
    for requirement in importlib.metadata.requires("flixpose") or []:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wanting.append(requirement)
            continue
        (found if _satisfies(version, requirement) else wanting).append(f"{name} {version}")
    if wanting:
        yield Finding(
            "packages", "missing", f"not as needed: {', '.join(wanting)}", "Run `pip install flixpose`."
        )
    yield Finding("packages", "ok", ", ".join(found))


def _satisfies(version: str, requirement: str) -> bool:
    from packaging.requirements import Requirement

    return Requirement(requirement).specifier.contains(version, prereleases=True)


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    yield Finding("machine", "ok", f"{cores} cores, {memory:.1f} GiB memory, {platform.platform()}")


def _settings(settings: Settings, defaults: Settings, environ: Mapping[str, str]) -> Finding:
    """What differs from the defaults, and where S3 is looked for."""
    usual = defaults.redacted()
    told = [f"{name}={value}" for name, value in settings.redacted().items() if value != usual[name]]
    told += [
        f"{name}={redact(environ[name])}" for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE") if name in environ
    ]
    return Finding("settings", "ok", ", ".join(told) or "all as by default")


def _weights(settings: Settings) -> Iterator[Finding]:
    from flixpose.adapters.weights import WeightsCache

    cache = WeightsCache(settings.home)
    entries = list(cache.entries())
    bad = [entry for entry in entries if entry.state != "ready"]
    if not bad:
        yield Finding("weights", "ok", f"{len(entries)} models verified in {cache.folder}")
        return
    names = ", ".join(f"{entry.model.info.name} ({entry.state})" for entry in bad)
    force = " --force" if any(entry.state == "damaged" for entry in bad) else ""
    yield Finding("weights", "missing", f"{cache.folder}: {names}", f"Run `flixpose models pull{force}`.")


def _database(settings: Settings) -> Iterator[Finding]:
    from flixpose.adapters.database import Database

    url = redact(settings.database_url)
    file = urlsplit(settings.database_url).path[1:]
    if settings.database_url.startswith("sqlite") and not Path(file).exists():
        yield Finding("database", "note", f"{url} is not there yet", "It is made when it is first needed.")
        return
    try:
        database = Database(settings.database_url)
        database.check_schema()
        database.close()
        yield Finding("database", "ok", f"{url} answers; its schema is current")
    except FlixposeError as failure:
        yield _missing("database", failure)


def _store(settings: Settings) -> Iterator[Finding]:
    from flixpose.adapters.stores import open_store
    from flixpose.imaging.files import sha256_hex

    try:
        store = open_store(settings.store_url, settings)
        store.put(_PROBE_KEY, _PROBE, media_type="text/plain", sha256=sha256_hex(_PROBE))
        same = store.get(_PROBE_KEY) == _PROBE
        store.delete(_PROBE_KEY)
    except FlixposeError as failure:
        yield _missing("store", failure)
        return
    if same and not store.exists(_PROBE_KEY):
        yield Finding("store", "ok", f"{redact(settings.store_url)} takes, gives back and removes objects")
    else:
        yield Finding(
            "store", "missing", f"{redact(settings.store_url)} gives back other bytes", "Check the store."
        )


def _disk(settings: Settings) -> Iterator[Finding]:
    folders = {"weights": settings.home}
    if settings.store_url.startswith("file:"):
        folders["store"] = Path(unquote(urlsplit(settings.store_url).path))
    for what, folder in folders.items():
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(there).free / _GIB
        enough = free >= _LEAST_DISK_GIB
        remedy = "" if enough else f"Make room: {_LEAST_DISK_GIB:.0f} GiB at least."
        yield Finding(
            "disk", "ok" if enough else "missing", f"{free:.1f} GiB free for the {what} in {folder}", remedy
        )


def _queue(settings: Settings, *, needed: bool) -> Iterator[Finding]:
    """The queue and its workers; only the served path needs them."""
    import redis

    url = redact(settings.broker_url)
    try:
        with redis.Redis.from_url(
            settings.broker_url, socket_connect_timeout=3, socket_timeout=5
        ) as connection:
            policy = str(connection.config_get("maxmemory-policy").get("maxmemory-policy", "unknown"))
    except (redis.RedisError, ValueError, OSError) as failure:
        state: State = "missing" if needed else "note"
        remedy = (
            "Check FLIXPOSE_BROKER_URL"
            if needed
            else "Only `submit` and the workers need it: FLIXPOSE_BROKER_URL"
        )
        yield Finding("queue", state, f"{url} does not answer: {redact(str(failure))}", f"{remedy}.")
        return
    if policy == "noeviction":
        yield Finding("queue", "ok", f"{url} answers; it evicts nothing")
    else:
        remedy = "Set maxmemory-policy noeviction: a queue must not drop messages."
        yield Finding("queue", "note", f"{url} answers; its maxmemory-policy is {policy}", remedy)
    yield _workers(settings)


def _workers(settings: Settings) -> Finding:
    from celery import Celery

    answers = Celery(broker=settings.broker_url).control.ping(timeout=1.0)
    names = sorted(name for answer in answers for name in answer)
    if names:
        return Finding("workers", "ok", f"{len(names)} answer: {', '.join(names)}")
    return Finding(
        "workers", "note", "none answers", "Start one: `python -m workers`, and `python -m workers.relay`."
    )
