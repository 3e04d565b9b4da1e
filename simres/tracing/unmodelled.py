"""Operators without a cost: refused together, or accepted with a warning."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

from simres.errors import AnswerIsNo, SimresError
from simres.plugins.hooks import Operator
from simres.tracing.lowering import Lowered, Lowering, Node, declared, elementwise_reads
from simres.workload.operators import Unit


class Unmodelled:
    """Collects them while a graph is read."""

    def __init__(self, network: str, allowed: bool) -> None:
        self._network = network
        self._allowed = allowed
        self._count: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def note(self, node: Node, path: str) -> Lowered:
        """Takes one down; the operator it becomes takes no time."""
        self._count[node.source] += 1
        self._first.setdefault(node.source, path)
        return Lowered(node.source, Unit.UNMODELLED)

    def _lines(self) -> list[str]:
        width = max(len(source) for source in self._count)
        found = []
        for source, count in self._count.items():
            place = f"in {self._first[source]}" if self._first[source] else "in the network's own forward"
            times = "once" if count == 1 else f"{count} times, first"
            found.append(f"  {source:<{width}}  {times} {place}")
        return found

    def refuse(self) -> None:
        """Raises `AnswerIsNo` if there are any and they are not allowed."""
        if not self._count or self._allowed:
            return
        example = next(iter(self._count))
        raise AnswerIsNo(
            "\n".join([f"`{self._network}` uses operators without a cost:", *self._lines()]),
            "accept them at no cost with --allow-unmodelled, or give them a cost in a plugin:\n"
            "    @hookimpl\n"
            "    def simres_operators():\n"
            f'        yield Operator("{example}", "my_package:lower", "what it does")',
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each accepted operator."""
        return (
            tuple("unmodelled, priced at nothing: " + " ".join(line.split()) for line in self._lines())
            if self._count
            else ()
        )


def from_plugins(source: str) -> Lowering | None:
    """The lowering function that an installed plugin has for an operator; None if none has."""
    from simres.plugins.registry import default_registry

    declared = default_registry().operators().get(source)
    return resolved(declared) if declared is not None else None


def resolved(operator: Lowering | Operator) -> Lowering:
    """A lowering function as it is, a plugin's declaration of one imported; checked when it is called.

    Raises `SimresError` where the plugin's function fails or returns something else.
    """
    if not isinstance(operator, Operator):
        return operator
    from simres.plugins.registry import resolve

    if not operator.target and not operator.kind:
        raise SimresError(
            f"the operator `{operator.source}` is declared with neither a `target` nor a `kind`",
            "`target` names a function that lowers it; without one, `kind` and `ops` state its cost",
        )
    function = resolve(operator.target) if operator.target else partial(declared, operator)
    name = operator.target or operator.source

    def checked(node: Node) -> Lowered:
        try:
            lowered = function(node)
        except SimresError:
            raise
        except Exception as error:
            raise SimresError(f"`{name}` failed on {node.source}: {type(error).__name__}: {error}") from error
        if not isinstance(lowered, Lowered):
            raise SimresError(f"`{name}` must return a Lowered, returned {type(lowered).__name__}")
        if operator.elementwise and not lowered.reads:
            lowered = replace(lowered, reads=elementwise_reads(node, lowered))
        return lowered

    return checked
