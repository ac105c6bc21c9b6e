"""What was worked out once of a photo is not worked out again: answers kept by the content of the questions.

A plate meets thousands of garments and a garment thousands of plates; in between, most of what is asked of
either is the same.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import lru_cache, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from flixpose.structures.keypoints import Skeleton

_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")

_SMALL = 4096  # bytes of an array that is compared whole
_KEPT = 4  # answers of a function; each may be some tens of megabytes


# What is known of things that nobody writes to while a block lasts.
_STILL: ContextVar[dict[int, tuple[Any, Any]] | None] = ContextVar("still", default=None)


@contextmanager
def nothing_written() -> Iterator[None]:
    """Until the block ends nothing is written to that anything is asked about: each is looked at once."""
    token = _STILL.set({})
    try:
        yield
    finally:
        _STILL.reset(token)


_ALL: list["remembered[..., Any]"] = []


def forget_everything() -> None:
    """No answer of any function is remembered any more; for measurements."""
    for function in _ALL:
        function.forget()


class remembered(Generic[_Asked, _Answer]):  # noqa: N801  (used as a decorator)
    """A function of values whose last few answers are kept; its answers must not be written to."""

    def __init__(self, function: Callable[_Asked, _Answer]) -> None:
        update_wrapper(self, function)

        def answer(question: _Question) -> _Answer:
            return function(*question.args, **question.kwargs)

        self._known = lru_cache(maxsize=_KEPT)(answer)
        _ALL.append(self)

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


_FIELDS: dict[type[Any], tuple[str, ...]] = {}
_PLAIN = (str, int, float, bool, bytes, type(None))


def _content(value: Any) -> Hashable:
    """Large arrays by a sum of their bytes, everything else by its parts."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.ndarray):
        told = value.tobytes() if value.nbytes <= _SMALL else _sum(value)
        return value.shape, value.dtype.str, told
    if isinstance(value, list | tuple):
        return tuple(_content(part) for part in value)
    if isinstance(value, Skeleton):
        return value.content
    if names := _fields(type(value)):
        return _of_object(value, names)
    if isinstance(value, Mapping):
        return tuple((name, _content(part)) for name, part in value.items())
    return value


def _fields(kind: type[Any]) -> tuple[str, ...]:
    """Names of a dataclass's fields; none of anything else."""
    found = _FIELDS.get(kind)
    if found is None:
        found = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
        _FIELDS[kind] = found
    return found


def _of_object(value: Any, names: tuple[str, ...]) -> Hashable:
    """Looked at once while nothing is written."""
    still = _STILL.get()
    if still is not None and id(value) in still:
        return still[id(value)][1]
    found = (type(value), *(_content(getattr(value, name)) for name in names))
    if still is not None:
        still[id(value)] = value, found
    return found


def _sum(array: NDArray[Any]) -> int:
    """Of the bytes; from memory where nobody can have written to them."""
    still, number = _STILL.get(), id(array)
    if still is not None and number in still:
        return int(still[number][1])
    found = xxh3_64_intdigest(np.ascontiguousarray(array).data)
    if still is not None:
        still[number] = array, found  # held, so that no other array gets its number
    return found
