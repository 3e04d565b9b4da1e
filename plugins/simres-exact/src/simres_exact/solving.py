"""CP-SAT with settings under which two runs do the same, on any machine."""

from __future__ import annotations

from ortools.sat.python import cp_model


def solver_for(work: float, *, relaxed: bool = False) -> cp_model.CpSolver:
    """A solver that stops after so much `work`, which it counts itself: about a second each.

    One thread, as several would hand each other what they find whenever they do. Without `relaxed` there is
    no linear relaxation: it says little about orders, and takes most of the time.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.linearization_level = 1 if relaxed else 0
    solver.parameters.max_deterministic_time = work
    return solver
