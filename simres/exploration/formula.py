"""Goals by expression: `latency * area`, `energy + 0.1 * hardware.sram.capacity`.

An expression is arithmetic over names; nothing of Python can be reached from it.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simres.errors import SimresError
from simres.text import shorten

LONGEST = 500
"""Characters of an expression at most."""
_TWO: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,
}
FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "sqrt": math.sqrt,
    "log": math.log,
}
"""Functions by name; `log` is the natural one."""
_SYNTAX = "names, numbers, `+ - * / **`, parentheses, and " + ", ".join(f"`{name}()`" for name in FUNCTIONS)


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression that was checked, and the names in it, each once, in the order of the text."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def of(self, values: Mapping[str, float]) -> float | None:
        """Returns its value, given one for each name; None where it has none, as of a division by 0."""
        try:
            found = float(_value(self.tree, values))
        except (ArithmeticError, ValueError):
            return None
        return found if math.isfinite(found) else None


def is_formula(text: str) -> bool:
    """Whether a goal is an expression and not a name."""
    return bool(text) and not text.replace("_", "a").isalnum()


def formula_of(text: str) -> Formula:
    """Parses an expression. Raises `SimresError` for anything else, with the allowed syntax."""
    if len(text) > LONGEST:
        raise SimresError(f"the goal `{shorten(text)}` is longer than {LONGEST} characters")
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval").body
        names = tuple(dict.fromkeys(_names(tree)))
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        raise SimresError(f"the goal `{shorten(text)}` is no expression", f"it has {_SYNTAX}") from None
    if not names:
        raise SimresError(f"the goal `{shorten(text)}` names nothing", "such as `latency * area`")
    return Formula(" ".join(text.split()), names, tree)


def _names(node: ast.expr) -> Iterator[str]:
    """Yields the names in an expression. Raises `ValueError` for anything that is not allowed in one."""
    match node:
        case ast.BinOp(left, operator, right) if type(operator) in _TWO:
            yield from _names(left)
            yield from _names(right)
        case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
            yield from _names(operand)
        case ast.Call(ast.Name(name), arguments, []) if name in FUNCTIONS and arguments:
            if name in ("sqrt", "log") and len(arguments) > 1:
                raise ValueError(name)
            for argument in arguments:
                yield from _names(argument)
        case ast.Constant(value) if isinstance(value, int | float) and not isinstance(value, bool):
            float(value)
        case ast.Name() | ast.Attribute():
            yield _path(node)
        case _:
            raise ValueError(ast.dump(node))


def _path(node: ast.expr) -> str:
    """The dotted path of a name: `hardware.sram.capacity`."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, name):
            return f"{_path(value)}.{name}"
        case _:
            raise ValueError(ast.dump(node))


def _value(node: ast.expr, values: Mapping[str, float]) -> Any:
    match node:
        case ast.BinOp(left, operator, right):
            return _TWO[type(operator)](_value(left, values), _value(right, values))
        case ast.UnaryOp(operator, operand):
            value = _value(operand, values)
            return -value if isinstance(operator, ast.USub) else value
        case ast.Call(ast.Name(name), arguments):
            return FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
        case ast.Constant(value):
            return float(value)  # type: ignore[arg-type]
        case _:
            return values[_path(node)]
