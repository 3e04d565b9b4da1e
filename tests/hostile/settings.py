"""What is typed: settings, quantities, values to sweep over."""

from __future__ import annotations

import contextlib
from pathlib import Path
from random import Random
from typing import Any

from simres.errors import SimresError
from tests.hostile import mutations
from tests.hostile.judging import BUILT_IN, Attempt
from tests.hostile.mutations import YAML


def setting(rng: Random, folder: Path) -> Attempt:
    """`--set`, as typed."""
    keys = ("hardware.ddr.bandwidth", "hardware.sram", "images", "scheduler", "load.rate", "expect.x", "seed")
    key = rng.choice(
        (*keys, *keys, mutations.text_of(rng), "a." * 5000, "hardware." + mutations.text_of(rng))
    )
    text = rng.choice((mutations.text_of(rng), rng.choice(YAML), quantity(rng), _knob(rng)))
    if rng.random() < 0.3:
        sound = {
            "hardware.ddr.bandwidth": "2 GB/s",
            "hardware.sram": "{kind: sram, capacity: 1 MiB}",
            "seed": "3",
        }
        key, text = rng.choice([*sound.items()])
        if rng.random() < 0.4:
            text = mutations.bytes_changed(rng, text.encode(), 1).decode("utf-8", "surrogateescape")
    name = rng.choice(("paper", "resnet20", "stream", "two-tenants"))

    def read() -> None:
        from simres.scenario.loader import load

        load(name, registry=BUILT_IN, overrides={key: text})

    return Attempt(read, ("--set", name, "`"))


def quantity(rng: Random) -> str:
    """A quantity, sound in four cases of nine."""
    odd = ("1e999999999", "9" * 70, "9" * 5000, "-1", ".", "1.5.2", "١", "1_0", "1e-400", "+", "0x1")
    number = rng.choice(("1", "0.5", "2e3", "64", "19.2") if rng.random() < 0.67 else odd)
    strange = ("Gb", "furlong", "B" * 200, "\x1b[31m", "s\n", "", "MiB/s/s", "\u212a", "%%")
    sound = ("B", "MiB", "GB/s", "ns", "FLOP/s", "%", "/s", "µs", "pJ", "mW", "GHz")
    unit = rng.choice(sound if rng.random() < 0.67 else strange)
    return rng.choice(("", " ", " ", "\t", "\u00a0")).join((number, unit))


def _knob(rng: Random) -> str:
    """What to vary a knob over: a list, a range, or pieces of both."""
    if rng.random() < 0.3:
        return ",".join(quantity(rng) for _ in range(rng.choice((1, 2, 3))))
    ends = f"{quantity(rng)}..{rng.choice(('1000 MiB', '64 GB/s', quantity(rng)))}"
    counts = ("13", "2", "1", "0", "100001", "9" * 5000, "1e3", "100000", "-1")
    if rng.random() < 0.6:
        step = f"step {quantity(rng)}"
        return f"{ends} {rng.choice(('log', 'linear', step))} {rng.choice(counts)}".removesuffix(
            rng.choice(("13", "", ""))
        )
    parts = (
        *("..", " log 13", " step 1 GB/s", ",", ",", "[", "]", "{a: 1}", "'", '"', " log 100001", "e"),
        *(" step 1e-300 B", "1..2", "64 KiB..4 MiB log 13", "0.5,1,2 GB/s", "1e400..1e500", quantity(rng)),
        *("1e999999999..2e999999999 log 3", "1e999999999,1", "0..1e300 linear 3", "1e-999999999..1 log 3"),
    )
    return "".join(rng.choice(parts) for _ in range(rng.choice((1, 1, 2, 3, 30))))


def unit(rng: Random, folder: Path) -> Attempt:
    text = quantity(rng) if rng.random() < 0.6 else mutations.text_of(rng)
    if rng.random() < 0.3:
        data = mutations.bytes_changed(rng, text.encode("utf-8", "replace"), 2)
        text = data.decode("utf-8", "surrogateescape")

    def read() -> None:
        from simres import units

        kinds = [quantity.parse for quantity in units.QUANTITIES]
        with contextlib.suppress(SimresError):
            rng.choice(kinds)(text)
        parse = units.parse_percent if text.endswith("%") else units.parse_any
        parse(text)

    return Attempt(read, ("`",))


def varied(rng: Random, folder: Path) -> Attempt:
    """`--vary` texts, lists in YAML, `--limit` and `--goal`."""
    text: Any = _knob(rng)
    if rng.random() < 0.2:
        text = mutations.document_changed(rng, [1, 2.5, "1 GB/s", True])
    key = rng.choice(("hardware.ddr.bandwidth", "images", mutations.text_of(rng)))
    kind = rng.randrange(4)
    typed = text if isinstance(text, str) else str(text)

    def read() -> None:
        from simres.exploration.constraints import limits_of
        from simres.exploration.objectives import objectives_of
        from simres.exploration.space import space_of

        if kind == 0:
            limits_of({rng.choice(("energy", "accuracy", "sram", typed)): typed})
        elif kind == 1:
            objectives_of(typed)
        else:
            space = space_of({key: text})
            for knob in space.knobs:
                _ = knob.numbers, knob.unit

    return Attempt(read, ("--vary", "--limit", "`"))
