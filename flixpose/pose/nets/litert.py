"""A LiteRT network as a function of arrays; one interpreter, one caller at a time."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

Tensor = NDArray[np.float32]


class LiteRtNet:
    """A .tflite file with one image input.

    An interpreter is not thread-safe: calls from several threads queue on a lock.

    Args:
        path: a verified model file.
        threads: CPU threads for one call.
    """

    def __init__(self, path: Path, *, threads: int) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]
        self._lock = threading.Lock()

    def __call__(self, picture: Tensor) -> list[Tensor]:
        """(S, S, 3) float32 in the network's own range → its output tensors, in the file's order."""
        with self._lock:
            self._interpreter.set_tensor(self._input, picture[None])
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._outputs]
