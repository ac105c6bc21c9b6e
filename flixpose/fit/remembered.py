"""What was worked out once of a photo is not worked out again: answers kept by the content of the questions.

A plate meets thousands of garments and a garment thousands of plates; in between, most of what is asked of
either is the same.
"""

import zlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")

_KEPT = 4  # answers of a function; each may be some tens of megabytes


class remembered(Generic[_Asked, _Answer]):  # noqa: N801  (used as a decorator)
    """A function of values whose last few answers are kept; its answers must not be written to."""

    def __init__(self, function: Callable[_Asked, _Answer]) -> None:
        update_wrapper(self, function)
        self._known = lru_cache(maxsize=_KEPT)(lambda question: function(*question.args, **question.kwargs))

    def __call__(self, *args: _Asked.args, **kwargs: _Asked.kwargs) -> _Answer:
        return self._known(_Question(args, kwargs))

    def forget(self) -> None:
        """Nothing is remembered any more; for measurements."""
        self._known.cache_clear()


class _Question:
    """Arguments of a call, equal where their contents are."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs
        self._content = _content(args), _content(kwargs)

    def __hash__(self) -> int:
        return hash(self._content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Question) and self._content == other._content


def _content(value: Any) -> Hashable:
    """Large arrays by a sum of their bytes, everything else by its parts."""
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value).data
        told = bytes(data) if value.nbytes <= 4096 else zlib.crc32(data)
        return value.shape, value.dtype.str, told
    if is_dataclass(value):
        return type(value), *(_content(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return tuple((name, _content(part)) for name, part in value.items())
    if isinstance(value, list | tuple):
        return tuple(_content(part) for part in value)
    return value
