"""Hostile documents in YAML: scenarios, chips, recipes, and the arrivals that a scenario names."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from pathlib import Path
from random import Random

from simres.errors import SimresError
from simres.scenario import shipped
from tests.hostile import mutations
from tests.hostile.judging import BUILT_IN, Attempt, FindingError, put
from tests.hostile.mutations import YAML
from tests.hostile.settings import quantity


@cache
def _scenarios() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in (*shipped.scenarios().values(), *shipped.chips().values()))


def yaml(rng: Random, seeds: tuple[bytes, ...]) -> bytes:
    import yaml

    how = rng.random()
    seed = rng.choice(seeds)
    if how < 0.05:
        return mutations.yaml_bomb(rng)
    if how < 0.6:
        return mutations.lines_changed(rng, seed, YAML)
    if how < 0.75:
        return mutations.bytes_changed(rng, seed)
    document = mutations.document_changed(rng, yaml.safe_load(seed))
    if how < 0.85:
        return json.dumps(document, default=str).encode("utf-8", "surrogatepass")
    text = yaml.safe_dump(document, allow_unicode=rng.random() < 0.5, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


def scenario(rng: Random, folder: Path) -> Attempt:
    path = put(folder, "scenario.yaml", yaml(rng, _scenarios()))

    def read() -> None:
        from simres.commands.validate import check
        from simres.scenario.loader import from_document, load, resolved

        check(str(path), BUILT_IN)
        with contextlib.suppress(SimresError):
            found = load(path, registry=BUILT_IN)
            if resolved(from_document(resolved(found), registry=BUILT_IN)) != resolved(found):
                raise FindingError("the scenario is another one when it is written and read again")

    return Attempt(read, (str(path),))


def chip(rng: Random, folder: Path) -> Attempt:
    chips = tuple(path.read_bytes() for path in shipped.chips().values())
    path = put(folder, "chip.yaml", yaml(rng, chips))
    scenario = folder / "on-it.yaml"
    scenario.write_text("workload: paper\nscheduler: paper\nchip: ./chip.yaml\n", encoding="utf-8")

    def read() -> None:
        from simres.scenario.loader import load, load_chip

        load_chip(path, registry=BUILT_IN)
        load(scenario, registry=BUILT_IN)

    return Attempt(read, (str(path), str(scenario)))


def arrivals(rng: Random, folder: Path) -> Attempt:
    lines = "\n".join(f"{number * 3} us" for number in range(rng.choice((1, 30)))).encode()
    how = rng.random()
    if how < 0.5:
        data = mutations.lines_changed(rng, lines, (*YAML, quantity(rng), "# note", "1 us # late", "0 s"))
    elif how < 0.9:
        data = mutations.bytes_changed(rng, lines)
    else:
        data = rng.choice((b"1 us\n" * 1_000_001, b"x" * 3_000_000, b"1" * 100_000, b"\n" * 500_000, b""))
    path = put(folder, "arrivals.txt", data)
    setting = {"load": {"arrivals": "trace", "trace": str(path)}}

    def read() -> None:
        from simres.scenario.loader import load

        load("stream", registry=BUILT_IN, overrides=setting)

    return Attempt(read, (str(path), "load"))


def times(rng: Random, folder: Path) -> Attempt:
    lines = b"workload,time,scheduler\nresnet20,1.2 ms,serial\nresnet18,60 ms,\nw.json,5 us,overlapped"
    if rng.random() < 0.5:
        row = f"resnet20,{quantity(rng)},{mutations.text_of(rng)}"
        data = mutations.lines_changed(rng, lines, (*YAML, row, '"', ",,", "resnet20,1 ms", "a,a,a"))
    else:
        data = mutations.bytes_changed(rng, lines)
    path = put(folder, "times.csv", data)

    def read() -> None:
        from simres.calibration.measured_times import read_times

        read_times(path)

    return Attempt(read, (str(path),))


def recipe(rng: Random, folder: Path) -> Attempt:
    seeds = (
        b"extends: fast\nepochs: 3\nlr: 0.1\nmilestones: [1, 2]\nflip: none\nprecision: auto\n",
        b"epochs: 10\nbatch: 64\nlr: 1e-1\nschedule: milestones\nmilestones:\n  - 3\n  - 5\nseed: 7\n",
    )
    path = put(folder, "recipe.yaml", yaml(rng, seeds))
    key = rng.choice(("lr", "epochs", "milestones", "flip", "momentum", mutations.text_of(rng)))
    text = rng.choice(
        (mutations.text_of(rng), rng.choice(YAML), "[1, 2", "9" * 5000, "[" * 3000, "2001-99-99")
    )
    typed = rng.random() < 0.4

    def read() -> None:
        from simres.training.recipe import recipe

        if typed:
            recipe("fast", {key: text})
        else:
            found = recipe(path)
            for step in (0, 1, 10**6):
                found.rate(step, 10)

    return Attempt(read, ("--set", "a recipe has no", "recipe `fast`") if typed else (str(path),))
