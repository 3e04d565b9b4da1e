"""`simres import onnx`: a model file becomes a workload."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simres.errors import SimresError
from simres.plugins.imported import Imported
from simres_onnx.graph import Reader
from simres_onnx.model import load

USAGE = "simres import onnx MODEL.onnx"


def read(paths: Sequence[Path]) -> Imported:
    """One model (`.onnx`). Sizes that it leaves open are taken as 1, and that is said.

    Raises `SimresError` where it is no model or leaves a shape open, `AnswerIsNo` where an operator has no
    cost.
    """
    if len(paths) != 1 or paths[0].suffix.lower() != ".onnx":
        raise SimresError("one ONNX model (.onnx) is read at a time", USAGE)
    path = paths[0]
    model = load(path)
    try:
        return Imported(Reader(model, path.stem).workload(), None, model.left_out)
    except SimresError as error:
        if f"`{path.stem}`" in error.message:
            raise
        raise type(error)(f"`{path}`: {error.message}", error.hint) from error
