"""A LiteRT network as a function of arrays; one interpreter, one caller at a time."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

Tensor = NDArray[np.float32]

_CHATTER = b"INFO: Created TensorFlow Lite"
_one_at_a_time = threading.Lock()


class LiteRtNet:
    """A .tflite file with one image input.

    An interpreter is not thread-safe: calls from several threads queue on a lock.

    Args:
        model: a verified model file, or its bytes.
        threads: CPU threads for one call.
    """

    def __init__(self, model: Path | bytes, *, threads: int) -> None:
        source = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        with _without_chatter():
            self._interpreter = Interpreter(**source, num_threads=threads)
            self._interpreter.allocate_tensors()
        wanted = self._interpreter.get_input_details()[0]
        self._input, self._shape, self._dtype = wanted["index"], tuple(wanted["shape"]), wanted["dtype"]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]
        self._lock = threading.Lock()

    def __call__(self, picture: NDArray[np.generic]) -> list[Tensor]:
        """(H, W, 3) numbers in the network's own range → its output tensors, in the file's order.

        Its input becomes as large as the picture, where that differs.
        """
        with self._lock:
            if (1, *picture.shape) != self._shape:
                self._shape = (1, *picture.shape)
                self._interpreter.resize_tensor_input(self._input, self._shape, strict=True)
                self._interpreter.allocate_tensors()
            self._interpreter.set_tensor(self._input, picture[None].astype(self._dtype, copy=False))
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._outputs]


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Drop the one line that the C++ side writes on standard error at every start; pass on all others.

    It has no switch of its own. What other threads write meanwhile arrives a moment later, unharmed.
    """
    with _one_at_a_time, tempfile.TemporaryFile() as aside:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            aside.seek(0)
            for line in aside:
                if not line.startswith(_CHATTER):
                    os.write(stderr, line)
            os.close(stderr)
