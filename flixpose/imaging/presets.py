"""Output presets: what a marketplace asks for, read from `configs/presets/<name>.toml`."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from flixpose.errors import BadSettings
from flixpose.imaging.encode import is_source_type

Format = Literal["png", "jpeg", "webp"]
Size = tuple[int, int]
T = TypeVar("T")

_FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp")


@dataclass(frozen=True, slots=True)
class Preset:
    """How the draped picture is framed and written.

    Attributes:
        aspect: (width, height) in any unit; None = the person image's own frame, nothing cropped or padded.
        min_size: (width, height) pixels that the result should have; reached by enlarging, within bounds.
        max_size: pixels above which the result is reduced.
        max_upscale: the most by which a picture is enlarged.
        fill: share of the frame's tighter side that the person takes; None = as much background as there is.
        background: RGB put behind the person; None = the photo's own background stays.
        format, quality, min_quality, full_colour, level, max_bytes: as in `flixpose.imaging.encode`.
        source_type: IPTC DigitalSourceType of a picture whose inputs declare none.
    """

    name: str
    summary: str
    aspect: tuple[float, float] | None = None
    min_size: Size | None = None
    max_size: Size | None = None
    max_upscale: float = 1.0
    fill: float | None = None
    background: tuple[int, int, int] | None = None
    format: Format = "png"
    quality: int = 92
    min_quality: int = 75
    full_colour: bool = True
    level: int = 1
    max_bytes: int | None = None
    source_type: str | None = None


def load_presets(folder: Path) -> dict[str, Preset]:
    """Name → preset, of every TOML file in the folder.

    Raises:
        BadSettings: no preset there, or one that cannot be read; names the file and the key.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise BadSettings(f"No presets in {folder}.", subject=str(folder))
    return {path.stem: _load(path) for path in paths}


def _load(path: Path) -> Preset:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise BadSettings(f"{path} is not readable TOML: {cause}.", subject=str(path)) from cause
    preset = Preset(name=path.stem, **_values(table, path))
    _check(preset, path)
    return preset


def _values(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Every key of the file under its field's name; keys that no field knows are refused."""
    found: dict[str, Any] = {}
    for key, value in _flat(table):
        if key not in _FIELDS:
            raise BadSettings(f"{path}: there is no key {key}.", subject=f"{path}:{key}")
        field, parse = _FIELDS[key]
        try:
            found[field] = parse(value)
        except (TypeError, ValueError) as cause:
            raise BadSettings(
                f"{path}: {key} must be {cause}, not {value!r}.", subject=f"{path}:{key}"
            ) from cause
    for key in ("summary", "file.format"):
        if _FIELDS[key][0] not in found:
            raise BadSettings(f"{path}: {key} is missing.", subject=f"{path}:{key}")
    return found


def _flat(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """One level of tables, as "table.key"."""
    flat = []
    for key, value in table.items():
        flat += [(f"{key}.{k}", v) for k, v in value.items()] if isinstance(value, dict) else [(key, value)]
    return flat


def _check(preset: Preset, path: Path) -> None:
    """What no key alone can tell."""
    smallest, largest = preset.min_size, preset.max_size
    if smallest and largest and (smallest[0] > largest[0] or smallest[1] > largest[1]):
        raise BadSettings(f"{path}: frame.min_size is larger than frame.max_size.", subject=str(path))
    if preset.min_quality > preset.quality:
        raise BadSettings(f"{path}: file.min_quality is above file.quality.", subject=str(path))
    if preset.max_bytes is not None and preset.format == "png":
        raise BadSettings(
            f"{path}: file.max_mb cannot be kept by a PNG, which is lossless.", subject=str(path)
        )
    if preset.fill is not None and preset.aspect is None:
        raise BadSettings(f"{path}: frame.fill needs a frame.aspect.", subject=str(path))


# --- values: each parser returns the value or raises ValueError saying what it must be


def _between(low: float, high: float) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return float(value)

    return parse


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return parse


def _several(count: int, parse: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def parse_all(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) != count:
            raise ValueError(f"a list of {count} numbers")
        return tuple(parse(v) for v in value)

    return parse_all


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _format(value: Any) -> str:
    if value not in _FORMATS:
        raise ValueError(f"one of {', '.join(_FORMATS)}")
    return value


def _source_type(value: Any) -> str:
    if not isinstance(value, str) or not is_source_type(value):
        raise ValueError("a URI of IPTC's digital source types")
    return value


_SIZE = _several(2, _whole(1, 30_000))
_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "summary": ("summary", _text),
    "frame.aspect": ("aspect", _several(2, _between(1e-3, 1e5))),
    "frame.min_size": ("min_size", _SIZE),
    "frame.max_size": ("max_size", _SIZE),
    "frame.max_upscale": ("max_upscale", _between(1, 4)),
    "frame.fill": ("fill", _between(0.1, 1)),
    "background.colour": ("background", _several(3, _whole(0, 255))),
    "file.format": ("format", _format),
    "file.quality": ("quality", _whole(1, 100)),
    "file.min_quality": ("min_quality", _whole(1, 100)),
    "file.full_colour": ("full_colour", _switch),
    "file.level": ("level", _whole(0, 9)),
    "file.max_mb": ("max_bytes", lambda value: round(_between(0.01, 1000)(value) * 1e6)),
    "file.source_type": ("source_type", _source_type),
}
