"""What a .tflite file says it is, read from its flatbuffer with every offset checked; nothing is run.

Source: the public TensorFlow Lite schema (identifier TFL3). A table's fields are numbered; `_FIELDS` names
those that are looked at.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_IDENTIFIER = b"TFL3"
_MOST_BYTES = 256 << 20
_MOST_ITEMS = 1 << 17  # of a list
_MOST_RANK = 8
_MOST_TENSOR, _MOST_MEMORY = 512 << 20, 2 << 30  # bytes

# Field numbers.
_CODES, _GRAPHS, _BUFFERS = 1, 2, 4  # of a model
_OLD_CODE, _CUSTOM, _CODE = 0, 1, 3  # of an operator code
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = 0, 1, 2, 3  # of a graph
_SHAPE, _TYPE, _BUFFER, _NAME, _SPARSE, _SIGNATURE = 0, 1, 2, 3, 6, 7  # of a tensor
_DATA, _OFFSET = 0, 1  # of a buffer
_CUSTOM_CODE = 32

_TYPES = {  # name and bytes of one number
    0: ("float32", 4),
    1: ("float16", 2),
    2: ("int32", 4),
    3: ("uint8", 1),
    4: ("int64", 8),
    5: ("string", 0),
    6: ("bool", 1),
    7: ("int16", 2),
    9: ("int8", 1),
    10: ("float64", 8),
    15: ("uint32", 4),
    16: ("uint16", 2),
}


class BadModel(ValueError):
    """It is no TFLite model, or one that is refused."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Attributes: shape: -1 where the caller chooses. dtype: as NumPy names it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Description:
    """Of a model's first graph."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


def describe(data: bytes) -> Description:
    """Raises BadModel for what is no TFLite model, is cut off, wants too much memory or foreign code."""
    if len(data) > _MOST_BYTES:
        raise BadModel(f"it is larger than {_MOST_BYTES >> 20} MB")
    if len(data) < 8 or data[4:8] != _IDENTIFIER:
        raise BadModel("it is no TFLite model")
    try:
        model = _root(data)
        _refuse_foreign_code(model)
        sizes = [_held(buffer) for buffer in model.tables(_BUFFERS)]
        graphs = list(model.tables(_GRAPHS))
        if not graphs:
            raise BadModel("it holds no graph")
        described = [_graph(graph, sizes, sum(1 for _ in model.tables(_CODES))) for graph in graphs]
    except (struct.error, IndexError, UnicodeDecodeError) as failure:
        raise BadModel("it is cut off or damaged") from failure
    return described[0]


@dataclass(frozen=True, slots=True)
class _Table:
    """One table at a place in the file; fields that are absent have their defaults."""

    data: bytes
    at: int

    def _place(self, field: int) -> int:
        """Of the field's value; 0 where it is absent."""
        if self.at + 4 > len(self.data):
            raise BadModel("it is cut off")
        vtable = self.at - _read(self.data, "<i", self.at)
        size = _read(self.data, "<H", vtable)
        entry = 4 + 2 * field
        if entry + 2 > size:
            return 0
        offset = _read(self.data, "<H", vtable + entry)
        return self.at + offset if offset else 0

    def has(self, field: int) -> bool:
        return self._place(field) > 0

    def number(self, field: int, layout: str) -> int:
        place = self._place(field)
        return _read(self.data, layout, place) if place else 0

    def _list(self, field: int) -> tuple[int, int]:
        """Where a list's items begin, and how many there are."""
        place = self._place(field)
        if not place:
            return 0, 0
        start = place + _read(self.data, "<I", place)
        count = _read(self.data, "<I", start)
        return start + 4, count

    def numbers(self, field: int) -> list[int]:
        """32-bit integers."""
        start, count = self._list(field)
        if count > _MOST_ITEMS or start + 4 * count > len(self.data):
            raise BadModel("it is cut off")
        return list(struct.unpack_from(f"<{count}i", self.data, start))

    def tables(self, field: int) -> Iterator["_Table"]:
        start, count = self._list(field)
        if count > _MOST_ITEMS or start + 4 * count > len(self.data):
            raise BadModel("it is cut off")
        for row in range(count):
            place = start + 4 * row
            yield _Table(self.data, place + _read(self.data, "<I", place))

    def held(self, field: int) -> int:
        """How many bytes a list of bytes holds."""
        start, count = self._list(field)
        if start + count > len(self.data):
            raise BadModel("it is cut off")
        return count

    def text(self, field: int) -> str:
        start, count = self._list(field)
        if start + count > len(self.data):
            raise BadModel("it is cut off")
        return self.data[start : start + count].decode()


def _read(data: bytes, layout: str, place: int) -> int:
    if place < 0 or place + struct.calcsize(layout) > len(data):
        raise BadModel("it is cut off")
    return int(struct.unpack_from(layout, data, place)[0])


def _root(data: bytes) -> _Table:
    return _Table(data, _read(data, "<I", 0))


def _held(buffer: _Table) -> int:
    if buffer.number(_OFFSET, "<Q"):
        raise BadModel("it keeps weights outside its own structure")
    return buffer.held(_DATA)


def _refuse_foreign_code(model: _Table) -> None:
    for code in model.tables(_CODES):
        number = max(code.number(_OLD_CODE, "<b"), code.number(_CODE, "<i"))
        if number == _CUSTOM_CODE or code.text(_CUSTOM):
            raise BadModel(
                f"its operation {code.text(_CUSTOM) or 'without a name'} is not one of LiteRT's own"
            )


def _graph(graph: _Table, sizes: list[int], codes: int) -> Description:
    tensors = list(graph.tables(_TENSORS))
    memory = sum(_bytes(tensor, sizes) for tensor in tensors)
    if memory > _MOST_MEMORY:
        raise BadModel(f"its tensors want {memory >> 20} MB")
    for operator in graph.tables(_OPERATORS):
        if not 0 <= operator.number(0, "<I") < codes:
            raise BadModel("an operation of it has no code")
        _inside(operator.numbers(1) + operator.numbers(2), len(tensors), optional=True)
    ends = [graph.numbers(field) for field in (_INPUTS, _OUTPUTS)]
    for rows in ends:
        _inside(rows, len(tensors), optional=False)
    return Description(*(tuple(_info(tensors[row]) for row in rows) for rows in ends))


def _inside(rows: list[int], count: int, *, optional: bool) -> None:
    if any(not (-1 if optional else 0) <= row < count for row in rows):
        raise BadModel("it refers to a tensor that there is not")


def _bytes(tensor: _Table, sizes: list[int]) -> int:
    """That a tensor takes while the model runs; its weights, if it has any, must be as many as it claims."""
    shape = tensor.numbers(_SHAPE)
    kind = tensor.number(_TYPE, "<b")
    if len(shape) > _MOST_RANK or any(side < 0 for side in shape):
        raise BadModel(f"a tensor of it has the shape {shape[:_MOST_RANK]}")
    _, size = _TYPES.get(kind, ("", 16))
    wanted = math.prod(shape) * size
    if wanted > _MOST_TENSOR:
        raise BadModel(f"a tensor of it has the shape {shape}: {wanted >> 20} MB")
    buffer = tensor.number(_BUFFER, "<I")
    if buffer >= max(len(sizes), 1):
        raise BadModel("it refers to a buffer that there is not")
    held = sizes[buffer] if sizes else 0
    whole = held == wanted or (held < wanted and tensor.has(_SPARSE))
    if held and size and kind in _TYPES and not whole:
        raise BadModel(f"a tensor of shape {shape} holds {held} bytes, not {wanted}")
    return wanted


def _info(tensor: _Table) -> TensorInfo:
    kind = tensor.number(_TYPE, "<b")
    if kind not in _TYPES:
        raise BadModel(f"a tensor of it is of the unknown type {kind}")
    shape = tensor.numbers(_SIGNATURE) or tensor.numbers(_SHAPE)
    return TensorInfo(tensor.text(_NAME), tuple(shape), _TYPES[kind][0])
