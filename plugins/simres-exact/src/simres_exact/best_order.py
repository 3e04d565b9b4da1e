"""The best order of a Program's tasks in time, by CP-SAT: scheduling under limited resources.

A task takes as long as its engine says, and an engine does one at a time. It starts once those it waits for
have ended and its buffers are granted; a buffer takes its bytes from the start of the task that reserves it
to the end of the last one that uses it. Channels of one bus take turns: side by side, each would be slower.

Everything to be decided is a literal: which of two tasks of one engine is first, on which of several engines
a task runs, whether a buffer is free before another is granted. Times then follow, as the simulation plays
them: it starts each task as early as the order allows, so none starts later there than here. (With memory as
a resource over time, `add_cumulative`, ten tasks of microseconds take the solver seconds, as it then narrows
times down picosecond by picosecond.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from ortools.sat.python import cp_model

from simres.hardware.chip import Chip
from simres.program.tasks import Program
from simres_exact.solving import solver_for
from simres_exact.task_graph import TaskGraph

Literal = cp_model.BoolVarT
Known = bool | Literal
"""A literal, or what it is in any order."""


@dataclass(frozen=True)
class Ordered:
    """A Program with its tasks in the best order found, or None where none is faster than asked for.

    Its last task ends at `makespan_ps`; no order of these tasks ends before `bound_ps`. `work` is what the
    solver did, in units of its own that do not depend on the machine.
    """

    program: Program | None
    makespan_ps: int
    bound_ps: int
    work: float

    @property
    def optimal(self) -> bool:
        """Whether it is proven that no order of these tasks is faster (than asked for)."""
        return self.bound_ps >= self.makespan_ps


def best_order(program: Program, chip: Chip, work: float, limit_ps: int | None = None) -> Ordered:
    """The best order of the tasks of `program`, ending before `limit_ps`, that so much `work` finds.

    The search starts from the order that the Program has, so without a limit what is found is no worse.
    """
    if not program.tasks:
        return Ordered(program, 0, 0, 0.0)
    return _Orders(TaskGraph(program, chip)).best(work, limit_ps)


class _Orders:
    """The model of all orders of the tasks of a graph."""

    def __init__(self, graph: TaskGraph) -> None:
        self.graph = graph
        self.model = model = cp_model.CpModel()
        self.played = graph.played
        self.latest = max(end for _, end in self.played) // graph.fine * graph.fine + graph.fine - 1
        self.starts: list[cp_model.IntVar] = []
        self.ends: list[cp_model.LinearExprT] = []
        self.on: list[dict[str, Known]] = []
        """By task: whether an engine does it."""
        self._first: dict[tuple[int, int], Known] = {}
        """By pair of tasks: whether the first has ended before the second starts, where that is decided."""
        self._granted: dict[tuple[int, int], Known] = {}
        """By pair of tasks that reserve buffers: whether the first starts no later than the second."""
        for number in range(len(graph.tasks)):
            self._task(number)
        for later, before in enumerate(graph.before):
            for earlier in before:
                model.add(self.starts[later] >= self.ends[earlier])
        for earlier, later in graph.chains:
            model.add(self.starts[later] >= self.starts[earlier])
        self._engines()
        for memory, room in graph.room.items():
            self._memory(memory, room)

    def _task(self, number: int) -> None:
        graph, model = self.graph, self.model
        took, (start_at, end_at) = graph.took[number], self.played[number]
        until = self.latest - graph.tails[number] - graph.least[number]
        start = model.new_int_var(graph.heads[number], until, f"start{number}")
        model.add_hint(start, start_at)
        self.starts.append(start)
        if len(took) == 1:
            self.ends.append(start + graph.least[number])
            self.on.append(dict.fromkeys(took, True))
            return
        end = model.new_int_var(0, self.latest - graph.tails[number], f"end{number}")
        model.add_hint(end, end_at)
        here: dict[str, Known] = {}
        literals = []
        for name, takes in took.items():
            literal = model.new_bool_var(f"task{number} on {name}")
            model.add_hint(literal, name == graph.tasks[number].engine)
            model.add(end == start + takes).only_enforce_if(literal)
            here[name] = literal
            literals.append(literal)
        model.add_exactly_one(literals)
        self.ends.append(end)
        self.on.append(here)

    def _engines(self) -> None:
        """An engine does one task at a time."""
        graph, model = self.graph, self.model
        there: dict[str, list[tuple[int, str]]] = {}
        for number, took in enumerate(graph.took):
            for name in took:
                there.setdefault(graph.resource(name), []).append((number, name))
        for found in there.values():
            intervals = []
            for number, name in found:
                on, takes, label = self.on[number][name], graph.took[number][name], f"task{number} {name}"
                start = self.starts[number]
                intervals.append(
                    model.new_fixed_size_interval_var(start, takes, label)
                    if on is True
                    else model.new_optional_fixed_size_interval_var(start, takes, on, label)
                )
            model.add_no_overlap(intervals)
            for (one, here), (other, same) in combinations(found, 2):
                if not (graph.follows(one, other) or graph.follows(other, one)):
                    self._one_first(one, other, [self.on[one][here], self.on[other][same]])

    def _one_first(self, one: int, other: int, where: list[Known]) -> None:
        """Where both are on the engine, one of two tasks ends before the other starts."""
        known = self.model.new_bool_var(f"{one} before {other}")
        self.model.add_hint(known, self.played[one] < self.played[other])
        asked = [literal for literal in where if not isinstance(literal, bool)]
        self.model.add(self.starts[other] >= self.ends[one]).only_enforce_if([known, *asked])
        self.model.add(self.starts[one] >= self.ends[other]).only_enforce_if([~known, *asked])
        if not asked:
            self._first[one, other], self._first[other, one] = known, ~known

    def _ended(self, buffer: int, task: int) -> Known:
        """Whether a buffer is free before a task starts."""
        graph, model = self.graph, self.model
        users = graph.program.buffers[buffer].freed_by
        if not users or any(user == task or graph.follows(user, task) for user in users):
            return False
        due = [user for user in users if not graph.follows(task, user)]
        last = [user for user in due if not any(graph.follows(other, user) for other in due)]
        if not last:
            return True
        if len(last) == 1 and (known := self._first.get((last[0], task))) is not None:
            return known
        free = model.new_bool_var(f"buffer{buffer} free before {task}")
        for user in last:
            model.add(self.starts[task] >= self.ends[user]).only_enforce_if(free)
        model.add_hint(free, max(self.played[user][1] for user in last) <= self.played[task][0])
        return free

    def _granted_first(self, one: int, other: int) -> Known:
        """Whether one of two tasks is granted its buffers before the other."""
        graph, model = self.graph, self.model
        if graph.follows(other, one) or graph.follows(one, other):
            return graph.follows(other, one)
        if (known := self._first.get((one, other), self._granted.get((one, other)))) is not None:
            return known
        found = model.new_bool_var(f"grant {one} before {other}")
        model.add(self.starts[other] > self.starts[one]).only_enforce_if(found)
        model.add(self.starts[one] > self.starts[other]).only_enforce_if(~found)
        model.add_hint(found, (self.played[one][0], one) < (self.played[other][0], other))
        self._granted[one, other], self._granted[other, one] = found, ~found
        return found

    def _memory(self, memory: str, room: int) -> None:
        """When a task is granted its buffers, they fit beside all that others were granted and still hold."""
        graph, buffers = self.graph, self.graph.program.buffers
        there = [
            number
            for number, buffer in enumerate(buffers)
            if buffer.memory == memory and number in graph.reserved_by
        ]
        if sum(graph.size[number] for number in there) <= room:
            return
        for task in dict.fromkeys(graph.reserved_by[number] for number in there):
            held, spared = 0, []
            for number in there:
                by = graph.reserved_by[number]
                free = by != task and self._ended(number, task)
                later = by != task and free is not True and self._granted_first(task, by)
                if free is True or later is True:
                    continue
                held += graph.size[number]
                spared += [graph.size[number] * each for each in (free, later) if not isinstance(each, bool)]
            if held > room:
                self.model.add(held - sum(spared) <= room)

    def best(self, work: float, limit_ps: int | None) -> Ordered:
        """See `best_order`."""
        graph, model, unit = self.graph, self.model, self.graph.unit_ps
        given = self.latest // graph.fine
        most = given if limit_ps is None else min(given, -(-limit_ps // unit) - 1)
        least = graph.busiest // graph.fine
        if most < least:
            return Ordered(None, (most + 1) * unit, least * unit, 0.0)
        makespan = model.new_int_var(least, most, "makespan")
        if most == given:
            model.add_hint(makespan, most)
        for end, tail in zip(self.ends, graph.tails, strict=True):
            model.add(graph.fine * makespan + graph.fine - 1 >= end + tail)
        model.minimize(makespan)
        solver = solver_for(work)
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return Ordered(None, (most + 1) * unit, (most + 1) * unit, solver.deterministic_time)
        bound_ps = max(least, round(solver.best_objective_bound)) * unit
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Ordered(None, (most + 1) * unit, bound_ps, solver.deterministic_time)
        program = graph.ordered(
            [solver.value(start) for start in self.starts],
            [next(name for name, on in here.items() if solver.boolean_value(on)) for here in self.on],
        )
        makespan_ps = TaskGraph(program, graph.chip).makespan_ps
        return Ordered(program, makespan_ps, bound_ps, solver.deterministic_time)
