"""Settings: from the environment, over one optional TOML file; nothing else is read.

The file is the one named by FLIXPOSE_CONFIG, else ./flixpose.toml where it exists. Its keys are the fields
of `Settings`; each field is also an environment variable, `FLIXPOSE_` and the field's name in capitals, which
wins over the file. The standard AWS variables (AWS_ENDPOINT_URL among them) are boto3's own, not read here.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flixpose.errors import BadSettings

PREFIX = "FLIXPOSE_"
CONFIG_VARIABLE = "FLIXPOSE_CONFIG"
DEFAULT_FILE = "flixpose.toml"

_DATABASES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")
_BROKERS = ("redis", "rediss", "redis+socket", "sentinel")
_LEAST_SECRET = 16
_CHECKSUMS = ("when_required", "when_supported")


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Everything that may differ between two installations.

    Attributes:
        database_url: SQLAlchemy URL, SQLite or PostgreSQL.
        broker_url: Redis, for the service.
        store_url: where results go: `file:///folder` or `s3://bucket/prefix`.
        home: folder of the weights cache.
        max_megapixels: larger pictures are refused before they are decoded.
        max_file_mb: larger files are refused before they are read (10^6 bytes).
        read_roots: folders from which `file://` inputs may be read; empty = any (one machine, one user).
        read_buckets: buckets from which `s3://` inputs may be read, beside the store's own.
        chunk_size: items in one message to the workers.
        max_attempts: how often an item is tried before it is dead.
        retry_delay_s: pause before the second attempt, in seconds; longer before each further one.
        item_limit_s: seconds an attempt at an item may take.
        webhook_secret: signs the calls of webhooks; without one there are none.
        webhook_hosts: hosts that may be called; no others.
        webhook_schemes: how: `https`, or `http` as well.
        webhook_private: whether hosts inside the own network may be called ("yes" or "no").
        webhook_ca: a file of certificates (PEM) that are trusted beside the system's; None = those alone.
        s3_request_checksum, s3_response_checksum: boto3's `request_checksum_calculation` and
            `response_checksum_validation`. boto3 from 1.36 on sends checksums which several S3-compatible
            stores refuse, so both are "when_required" unless set to "when_supported".
    """

    database_url: str
    broker_url: str
    store_url: str
    home: Path
    max_megapixels: float = 100.0
    max_file_mb: float = 64.0
    read_roots: tuple[Path, ...] = ()
    read_buckets: tuple[str, ...] = ()
    chunk_size: int = 16
    max_attempts: int = 3
    retry_delay_s: float = 5.0
    item_limit_s: float = 120.0
    webhook_secret: str = ""
    webhook_hosts: tuple[str, ...] = ()
    webhook_schemes: tuple[str, ...] = ("https",)
    webhook_private: bool = False
    webhook_ca: Path | None = None
    s3_request_checksum: str = "when_required"
    s3_response_checksum: str = "when_required"

    @property
    def max_bytes(self) -> int:
        """The file size limit in bytes."""
        return int(self.max_file_mb * 1_000_000)

    @property
    def max_pixels(self) -> int:
        return int(self.max_megapixels * 1_000_000)

    def redacted(self) -> dict[str, str]:
        """Field → printable value, without passwords."""
        shown = {field.name: redact(_printable(getattr(self, field.name))) for field in fields(self)}
        return shown | {"webhook_secret": "***" if self.webhook_secret else ""}

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.redacted().items())})"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `environ` over the TOML file it names (or ./flixpose.toml).

    Raises:
        BadSettings: naming the variable or the file and key at fault.
    """
    raw = _defaults(environ) | _from_file(environ) | _from_environment(environ)
    return Settings(**{name: _READERS[name](source, value) for name, (source, value) in raw.items()})


def redact(text: str) -> str:
    """`text` with the passwords of URLs replaced by ***."""
    text = re.sub(r"(?<=://)([^/@\s]*?):([^/\s]*)@", r"\1:***@", text)
    return re.sub(
        r"(?i)([?&][^=&\s]*(?:password|secret|token|key|signature)[^=&\s]*=)[^&\s]+", r"\1***", text
    )


Raw = dict[str, tuple[str, Any]]  # field → (where it was read, value)


def _defaults(environ: Mapping[str, str]) -> Raw:
    """Defaults that need the user's home; the others stand in `Settings`. State is not in the cache."""
    user = Path(environ.get("HOME") or Path.home())
    cache = Path(environ.get("XDG_CACHE_HOME") or user / ".cache") / "flixpose"
    state = Path(environ.get("XDG_DATA_HOME") or user / ".local" / "share") / "flixpose"
    return {
        "database_url": ("default", f"sqlite:///{state / 'flixpose.sqlite'}"),
        "broker_url": ("default", "redis://localhost:6379/0"),
        "store_url": ("default", (state / "store").as_uri()),
        "home": ("default", cache),
    }


def _from_environment(environ: Mapping[str, str]) -> Raw:
    names = {PREFIX + field.name.upper(): field.name for field in fields(Settings)}
    return {names[key]: (key, value) for key, value in environ.items() if key in names and value.strip()}


def _from_file(environ: Mapping[str, str]) -> Raw:
    named = environ.get(CONFIG_VARIABLE, "").strip()
    path = Path(named or DEFAULT_FILE)
    if not named and not path.is_file():
        return {}
    known = {field.name for field in fields(Settings)}
    table = _toml(path, f"{CONFIG_VARIABLE}={named}" if named else str(path))
    for key in table:
        if key not in known:
            raise BadSettings(
                f"{path}: unknown key {key!r}; known are {', '.join(sorted(known))}.", subject=key
            )
    return {key: (f"{path}: {key}", value) for key, value in table.items()}


def _toml(path: Path, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise BadSettings(f"{source}: cannot be read ({failure.strerror}).", subject=str(path)) from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise BadSettings(f"{source}: is not valid TOML: {failure}.", subject=str(path)) from failure


# One reader a field: (where the value was read, value) → checked value.


def _bad(source: str, value: object, wanted: str) -> BadSettings:
    return BadSettings(f"{source} is {redact(str(value))!r}, but must be {wanted}.", subject=source)


def _url(source: str, value: object, schemes: tuple[str, ...], example: str) -> tuple[str, SplitResult]:
    wanted = f"a URL such as {example}"
    if not isinstance(value, str):
        raise _bad(source, value, wanted)
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as failure:
        raise _bad(source, value, wanted) from failure
    if parts.scheme not in schemes:
        raise _bad(source, value, wanted)
    return value, parts


def _database_url(source: str, value: object) -> str:
    url, parts = _url(source, value, _DATABASES, "postgresql://user@host/flixpose or sqlite:///file.sqlite")
    if parts.scheme == "sqlite":
        if parts.netloc:
            raise _bad(source, value, "sqlite:/// and a path (three slashes; four before an absolute path)")
        return url
    return "postgresql+psycopg" + url[len(parts.scheme) :]


def _broker_url(source: str, value: object) -> str:
    return _url(source, value, _BROKERS, "redis://localhost:6379/0")[0]


def _store_url(source: str, value: object) -> str:
    url, parts = _url(source, value, ("file", "s3"), "s3://bucket/prefix or file:///folder")
    if parts.scheme == "s3" and not parts.netloc:
        raise _bad(source, value, "s3://bucket/prefix: the bucket is missing")
    if parts.scheme == "file" and (parts.netloc not in ("", "localhost") or parts.path in ("", "/")):
        raise _bad(source, value, "file:/// and an absolute folder (three slashes)")
    return url


def _folder(source: str, value: object) -> Path:
    if not isinstance(value, str | Path):
        raise _bad(source, value, "a folder")
    return Path(value).expanduser().absolute()


def _folders(source: str, value: object) -> tuple[Path, ...]:
    parts = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise _bad(source, value, f"folders separated by {os.pathsep!r} (in TOML: a list)")
    return tuple(_folder(source, part) for part in parts if part)


def _names(source: str, value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise _bad(source, value, "names separated by commas (in TOML: a list)")
    return tuple(part.strip() for part in parts if part.strip())


def _number(source: str, value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if isinstance(value, bool) or not 0 < number < float("inf"):
        raise _bad(source, value, "a number above 0")
    return number


def _count(source: str, value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if not 1 <= number <= 10_000:
        raise _bad(source, value, "a whole number from 1 to 10000")
    return number


def _secret(source: str, value: object) -> str:
    if not isinstance(value, str) or len(value.encode()) < _LEAST_SECRET:
        raise BadSettings(f"{source} must be a text of at least {_LEAST_SECRET} bytes.", subject=source)
    return value


def _schemes(source: str, value: object) -> tuple[str, ...]:
    schemes = _names(source, value)
    if not schemes or not set(schemes) <= {"https", "http"}:
        raise _bad(source, value, "https, or https,http")
    return schemes


def _yes(source: str, value: object) -> bool:
    words = {"yes": True, "true": True, "no": False, "false": False}
    if str(value).lower() not in words:
        raise _bad(source, value, "yes or no")
    return words[str(value).lower()]


def _checksum(source: str, value: object) -> str:
    if value not in _CHECKSUMS:
        raise _bad(source, value, " or ".join(_CHECKSUMS))
    return str(value)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "database_url": _database_url,
    "broker_url": _broker_url,
    "store_url": _store_url,
    "home": _folder,
    "max_megapixels": _number,
    "max_file_mb": _number,
    "read_roots": _folders,
    "read_buckets": _names,
    "chunk_size": _count,
    "max_attempts": _count,
    "retry_delay_s": _number,
    "item_limit_s": _number,
    "webhook_secret": _secret,
    "webhook_hosts": _names,
    "webhook_schemes": _schemes,
    "webhook_private": _yes,
    "webhook_ca": _folder,
    "s3_request_checksum": _checksum,
    "s3_response_checksum": _checksum,
}


def _printable(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return str(value)
