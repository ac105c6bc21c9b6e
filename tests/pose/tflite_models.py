"""Small .tflite models, made here: what MoveNet's files look like, with a bright spot for a person.

The brightest pixel of the picture's red channel is every keypoint, with a score of 0.9.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_F32, _I32, _U8 = schema.TensorType.FLOAT32, schema.TensorType.INT32, schema.TensorType.UINT8
_OPS = schema.BuiltinOperator
_NUMPY = {_F32: np.float32, _I32: np.int32, _U8: np.uint8}


class Builder:
    """A model of one graph, operation by operation."""

    def __init__(self) -> None:
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model = schema.ModelT()
        self.model.version, self.model.operatorCodes, self.model.subgraphs = 3, [], [self.graph]
        self.model.buffers = [schema.BufferT()]

    def tensor(self, shape, kind, value=None, *, signature=None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = (
            f"t{len(self.graph.tensors)}",
            list(shape),
            kind,
            0,
        )
        tensor.shapeSignature = signature
        if value is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.asarray(value, _NUMPY[kind]).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, value, kind=_I32) -> int:
        return self.tensor(np.shape(value), kind, value)

    def apply(self, code: int, inputs, shape, kind=_F32, options=None, *, custom: str | None = None) -> int:
        operator_code = schema.OperatorCodeT()
        operator_code.builtinCode = code
        operator_code.deprecatedBuiltinCode = min(code, 127)
        operator_code.version = 1
        operator_code.customCode = custom
        self.model.operatorCodes.append(operator_code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        out = self.tensor(shape, kind)
        operator.inputs, operator.outputs = list(inputs), [out]
        if options is not None:
            name = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            operator.builtinOptions = options
        self.graph.operators.append(operator)
        return out

    def finished(self, given: int, told: int) -> bytes:
        self.graph.inputs, self.graph.outputs = [given], [told]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def _options(kind: str, **values):
    made = getattr(schema, f"{kind}T")()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def movenet(height: int, width: int, *, several: bool = False) -> bytes:
    """A model whose input is (1, height, width, 3) uint8, and whose output is MoveNet's."""
    build = Builder()
    given = build.tensor((1, height, width, 3), _U8)
    red = build.apply(
        _OPS.STRIDED_SLICE,
        [
            given,
            build.constant([0, 0, 0, 0]),
            build.constant([1, height, width, 1]),
            build.constant([1, 1, 1, 1]),
        ],
        (1, height, width, 1),
        _U8,
        _options("StridedSliceOptions"),
    )
    numbers = build.apply(
        _OPS.CAST,
        [red],
        (1, height, width, 1),
        _F32,
        _options("CastOptions", inDataType=_U8, outDataType=_F32),
    )
    flat = build.apply(
        _OPS.RESHAPE,
        [numbers, build.constant([1, height * width])],
        (1, height * width),
        _F32,
        _options("ReshapeOptions", newShape=[1, height * width]),
    )
    best = build.apply(
        _OPS.ARG_MAX, [flat, build.constant([1])], (1,), _I32, _options("ArgMaxOptions", outputType=_I32)
    )
    shares = []
    for code, side, options in (
        (_OPS.FLOOR_DIV, height, _options("FloorDivOptions")),
        (_OPS.FLOOR_MOD, width, _options("FloorModOptions")),
    ):
        cell = build.apply(code, [best, build.constant([width])], (1,), _I32, options)
        number = _cast(build, cell, (1,), _I32)
        middle = build.apply(
            _OPS.ADD, [number, build.constant([0.5], _F32)], (1,), _F32, _options("AddOptions")
        )
        shares.append(
            build.apply(
                _OPS.MUL, [middle, build.constant([1 / side], _F32)], (1,), _F32, _options("MulOptions")
            )
        )
    return build.finished(given, _people(build, shares) if several else _person(build, shares))


def any_size() -> bytes:
    """A model for pictures of any shape: all that it tells are its mean brightness, as a share."""
    build = Builder()
    given = build.tensor((1, 1, 1, 3), _U8, signature=[1, -1, -1, 3])
    numbers = _cast(build, given, (1, 1, 1, 3), _U8)
    mean = build.apply(
        _OPS.MEAN, [numbers, build.constant([0, 1, 2, 3])], (), _F32, _options("ReducerOptions")
    )
    factor = build.constant(np.full((1, 6, 56), 1 / 255), _F32)
    return build.finished(
        given, build.apply(_OPS.MUL, [factor, mean], (1, 6, 56), _F32, _options("MulOptions"))
    )


def _cast(build: Builder, tensor: int, shape, kind) -> int:
    options = _options("CastOptions", inDataType=kind, outDataType=_F32)
    return build.apply(_OPS.CAST, [tensor], shape, _F32, options)


def _joined(build: Builder, parts: list[int], count: int) -> int:
    return build.apply(_OPS.CONCATENATION, parts, (count,), _F32, _options("ConcatenationOptions", axis=0))


def _person(build: Builder, shares: list[int]) -> int:
    point = _joined(build, [*shares, build.constant([0.9], _F32)], 3)
    zeros = build.constant(np.zeros((1, 1, 17, 3)), _F32)
    return build.apply(_OPS.ADD, [zeros, point], (1, 1, 17, 3), _F32, _options("AddOptions"))


def _people(build: Builder, shares: list[int]) -> int:
    """The first of six is the spot; its box is from there to the picture's lower right corner."""
    y, x = shares
    row = _joined(
        build, [*[y, x, build.constant([0.9], _F32)] * 17, y, x, build.constant([1, 1, 0.8], _F32)], 56
    )
    mask = np.zeros((1, 6, 56))
    mask[0, 0] = 1
    return build.apply(_OPS.MUL, [build.constant(mask, _F32), row], (1, 6, 56), _F32, _options("MulOptions"))
