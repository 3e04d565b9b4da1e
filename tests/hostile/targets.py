"""What is read how: for each parser of simres, hostile inputs and what is done with them.

A target makes a file of random numbers, and reads it as simres does for a user. Whatever comes out but a
result or a `SimresError` that says where it looked is a finding.
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hostile import containers, mutations
from hostile.mutations import YAML
from simres import api, shipped
from simres.errors import InvariantViolation, PluginFailure, SimresError
from simres.plugins import Registry

BUILT_IN = Registry(external=False)


class FindingError(AssertionError):
    """simres answered, but not as it should."""


@dataclass(frozen=True)
class Target:
    """A parser under test. `make` writes an input into a folder and returns how to read it.

    `share` of all inputs are for it; it `needs` these modules.
    """

    name: str
    make: Callable[[Random, Path], Attempt]
    share: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """Reading one input; one of `places` must be in whatever message refuses it."""

    read: Callable[[], object]
    places: tuple[str, ...]


def made(target: Target, seed: int, number: int, folder: Path) -> Attempt:
    """Input `number`, written into a folder, ready to be read."""
    return target.make(Random(f"{seed}/{target.name}/{number}"), folder)


def judged(attempt: Attempt) -> str:
    """`read` or `refused`: what becomes of an input.

    Raises whatever else comes out, and `FindingError` for a message that helps nobody.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attempt.read()
    except (InvariantViolation, PluginFailure):
        raise
    except SimresError as error:
        _check_message(error, attempt.places)
        return "refused"
    return "read"


def _check_message(error: SimresError, places: tuple[str, ...]) -> None:
    text = f"{error.message}\n{error.hint or ''}"
    if not any(place in error.message for place in places):
        raise FindingError(f"the message names none of {places}: {error.message[:300]!r}") from error
    if len(text) > 20_000:
        raise FindingError(f"a message of {len(text)} characters: {text[:200]!r}") from error
    if odd := [c for c in text if not c.isprintable() and c != "\n"]:
        raise FindingError(f"a message with {odd[:5]!r} in it: {text[:300]!r}") from error
    for word in ("Input should", "pydantic", "Traceback", "object at 0x"):
        if word in text:
            raise FindingError(f"a message with `{word}` in it: {text[:300]!r}") from error


def targets() -> Iterator[Target]:
    """Those whose modules are installed here."""
    from importlib.util import find_spec

    for target in ALL:
        if all(find_spec(name) for name in target.needs):
            yield target


def _put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# Workloads


@cache
def _workloads() -> tuple[bytes, ...]:
    """Shipped ones, the shorter the more often."""
    names = ("paper", "resnet20", "mobilenet_v2")
    whole = [shipped.workload(name).read_bytes() for name in names]
    return (whole[0], whole[0], _few_layers(5), _few_layers(5), _few_layers(12), *whole[1:])


def _few_layers(count: int) -> bytes:
    """The first operators of ResNet-20."""
    document = json.loads(shipped.workload("resnet20").read_bytes())
    document["ops"] = document["ops"][:count]
    document["outputs"] = document["ops"][-1]["outputs"]
    used = {name for op in document["ops"] for name in (*op["inputs"], *op["outputs"])}
    document["tensors"] = [tensor for tensor in document["tensors"] if tensor["name"] in used]
    return json.dumps(document, indent=1).encode()


def _workload(rng: Random, folder: Path) -> Attempt:
    seed = rng.choice(_workloads())
    data = (
        mutations.json_of(rng, json.loads(seed)) if rng.random() < 0.8 else mutations.bytes_changed(rng, seed)
    )
    path = _put(folder, "workload.json", data)

    def read() -> None:
        from simres.reporting.workload_table import workload_table
        from simres.workload_json import dumps, loads
        from simres.workload_json import read as read_workload

        found = read_workload(path)
        if loads(dumps(found)) != found:
            raise FindingError("the workload is another one when it is written and read again")
        for line in workload_table(found, rng.choice((20, 80, 200)), draw=True, clip=True):
            _check_line(line.plain)

    return Attempt(read, (str(path),))


def _simulated(rng: Random, folder: Path) -> Attempt:
    """A workload with sound types and strange figures, all the way through."""
    document = mutations.document_changed(rng, json.loads(_few_layers(rng.choice((3, 5)))))
    path = _put(
        folder, "workload.json", json.dumps(document, default=str).encode("utf-8", "backslashreplace")
    )

    def read() -> None:
        scheduler = rng.choice(("serial", "serial", "overlapped"))
        overrides = {"scheduler": scheduler, "hardware.sram.capacity": rng.choice(("64 KiB", "1 MiB"))}
        result = api.simulate(str(path), chip="paper", overrides=overrides, registry=BUILT_IN)
        _look(result, rng)

    return Attempt(read, (str(path), "workload", "`", "layer"))


def _check_line(line: str) -> None:
    if odd := [c for c in line if not c.isprintable()]:
        raise FindingError(f"prints {odd[:5]!r}: {line[:200]!r}")


# Scenarios


@cache
def _scenarios() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in (*shipped.scenarios().values(), *shipped.chips().values()))


def _yaml(rng: Random, seeds: tuple[bytes, ...]) -> bytes:
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


def _scenario(rng: Random, folder: Path) -> Attempt:
    path = _put(folder, "scenario.yaml", _yaml(rng, _scenarios()))

    def read() -> None:
        from simres.commands.validate import check
        from simres.scenario.loader import from_document, load, resolved

        check(str(path), BUILT_IN)
        with contextlib.suppress(SimresError):
            found = load(path, registry=BUILT_IN)
            if resolved(from_document(resolved(found), registry=BUILT_IN)) != resolved(found):
                raise FindingError("the scenario is another one when it is written and read again")

    return Attempt(read, (str(path),))


def _chip(rng: Random, folder: Path) -> Attempt:
    chips = tuple(path.read_bytes() for path in shipped.chips().values())
    path = _put(folder, "chip.yaml", _yaml(rng, chips))
    scenario = folder / "on-it.yaml"
    scenario.write_text("workload: paper\nscheduler: paper\nchip: ./chip.yaml\n", encoding="utf-8")

    def read() -> None:
        from simres.scenario.loader import load, load_chip

        load_chip(path, registry=BUILT_IN)
        load(scenario, registry=BUILT_IN)

    return Attempt(read, (str(path), str(scenario)))


def _setting(rng: Random, folder: Path) -> Attempt:
    """`--set`, as typed."""
    keys = ("hardware.ddr.bandwidth", "hardware.sram", "images", "scheduler", "load.rate", "expect.x", "seed")
    key = rng.choice(
        (*keys, *keys, mutations.text_of(rng), "a." * 5000, "hardware." + mutations.text_of(rng))
    )
    text = rng.choice((mutations.text_of(rng), rng.choice(YAML), _quantity(rng), _knob(rng)))
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


def _quantity(rng: Random) -> str:
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
        return ",".join(_quantity(rng) for _ in range(rng.choice((1, 2, 3))))
    ends = f"{_quantity(rng)}..{rng.choice(('1000 MiB', '64 GB/s', _quantity(rng)))}"
    counts = ("13", "2", "1", "0", "100001", "9" * 5000, "1e3", "100000", "-1")
    if rng.random() < 0.6:
        step = f"step {_quantity(rng)}"
        return f"{ends} {rng.choice(('log', 'linear', step))} {rng.choice(counts)}".removesuffix(
            rng.choice(("13", "", ""))
        )
    parts = (
        *("..", " log 13", " step 1 GB/s", ",", ",", "[", "]", "{a: 1}", "'", '"', " log 100001", "e"),
        *(" step 1e-300 B", "1..2", "64 KiB..4 MiB log 13", "0.5,1,2 GB/s", "1e400..1e500", _quantity(rng)),
        *("1e999999999..2e999999999 log 3", "1e999999999,1", "0..1e300 linear 3", "1e-999999999..1 log 3"),
    )
    return "".join(rng.choice(parts) for _ in range(rng.choice((1, 1, 2, 3, 30))))


def _unit(rng: Random, folder: Path) -> Attempt:
    text = _quantity(rng) if rng.random() < 0.6 else mutations.text_of(rng)
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


def _varied(rng: Random, folder: Path) -> Attempt:
    """`--vary` texts, lists in YAML, `--limit` and `--goal`."""
    text: Any = _knob(rng)
    if rng.random() < 0.2:
        text = mutations.document_changed(rng, [1, 2.5, "1 GB/s", True])
    key = rng.choice(("hardware.ddr.bandwidth", "images", mutations.text_of(rng)))
    kind = rng.randrange(4)
    typed = text if isinstance(text, str) else str(text)

    def read() -> None:
        from simres.exploration.limits import limits_of
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


def _arrivals(rng: Random, folder: Path) -> Attempt:
    lines = "\n".join(f"{number * 3} us" for number in range(rng.choice((1, 30)))).encode()
    how = rng.random()
    if how < 0.5:
        data = mutations.lines_changed(rng, lines, (*YAML, _quantity(rng), "# note", "1 us # late", "0 s"))
    elif how < 0.9:
        data = mutations.bytes_changed(rng, lines)
    else:
        data = rng.choice((b"1 us\n" * 1_000_001, b"x" * 3_000_000, b"1" * 100_000, b"\n" * 500_000, b""))
    path = _put(folder, "arrivals.txt", data)
    setting = {"load": {"arrivals": "trace", "trace": str(path)}}

    def read() -> None:
        from simres.scenario.loader import load

        load("stream", registry=BUILT_IN, overrides=setting)

    return Attempt(read, (str(path), "load"))


def _recipe(rng: Random, folder: Path) -> Attempt:
    seeds = (
        b"extends: fast\nepochs: 3\nlr: 0.1\nmilestones: [1, 2]\nflip: none\nprecision: auto\n",
        b"epochs: 10\nbatch: 64\nlr: 1e-1\nschedule: milestones\nmilestones:\n  - 3\n  - 5\nseed: 7\n",
    )
    path = _put(folder, "recipe.yaml", _yaml(rng, seeds))
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


# Other tools' files


_HEADINGS = b"Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
TOPOLOGIES = (
    _HEADINGS
    + b"Conv1, 230, 230, 7, 7, 3, 64, 2,\nConv2_DP, 58, 58, 3, 3, 64, 1, 1,\nFC, 1, 1, 1, 1, 512, 9, 1\n",
    b"Layer, M, N, K,\nqkv, 197, 2304, 768,\nproj, 197, 768, 768, 1:1\n",
    _HEADINGS + b"a, 8, 8, 3, 3, 1, 1, 1, 2\n",
)
CONFIGURATION = b"""[general]
run_name = x

[architecture_presets]
ArrayHeight: 32
ArrayWidth: 32
IfmapSramSzkB: 64
FilterSramSzkB: 64
OfmapSramSzkB: 64
Dataflow : ws
Bandwidth : 10

[run_presets]
InterfaceBandwidth: USER
"""


def _topology(rng: Random, folder: Path) -> Attempt:
    words = (
        "",
        "0",
        "-1",
        "1e3",
        "9" * 5000,
        "2147483648",
        "2147483647",
        "1:2",
        "4:4",
        "²",
        "DP",
        " ",
        ",",
        '"a"',
        "x",
    )
    files = []
    for name, data in (("layers.csv", rng.choice(TOPOLOGIES)), ("scale.cfg", CONFIGURATION)):
        if rng.random() < 0.7 or name == "layers.csv":
            how = rng.random()
            if how < 0.6:
                data = mutations.lines_changed(rng, data, words + YAML)
            elif how < 0.95:
                data = mutations.bytes_changed(rng, data)
            else:
                data = rng.choice((b"a,1,1,1\n" * 30_000, b"," * 200_000, b"[a]\n" * 20_000, data * 300))
            files.append(_put(folder, name, data))

    def read() -> None:
        from simres_systolic.importing import read as read_files

        from simres.commands.import_ import checked, scenario_text
        from simres.workload_json import dumps

        imported = checked(read_files(files), str(files[0]))
        dumps(imported.workload)
        if imported.scenario is not None:
            scenario_text(imported, files[-1], Registry())

    return Attempt(read, tuple(map(str, files)))


# Results and tables


@cache
def _results() -> tuple[Any, ...]:
    """Results of several sorts as plain data."""
    small = {"hardware.sram.capacity": "64 KiB", "scheduler": "overlapped"}
    made = [
        api.simulate("paper", registry=BUILT_IN),
        api.simulate("stream", overrides={"load.images": 20}, registry=BUILT_IN),
        api.simulate("resnet20", registry=BUILT_IN),
        api.simulate("pipeline", overrides={"images": 2}, registry=BUILT_IN),
        api.simulate("paper", record="none", registry=BUILT_IN),
    ]
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "few.json"
        path.write_bytes(_few_layers(5))
        made.append(api.simulate(str(path), chip="paper", overrides=small, registry=BUILT_IN))
    document = shipped.scenario("two-tenants").read_text(encoding="utf-8")
    assert "tenants" in document
    made.append(api.simulate("two-tenants", registry=BUILT_IN))
    found = [json.loads(result.to_json()) for result in made]
    few = [found[0], found[5]]
    return (*few, *few, *few, *found)


def _look(result: Any, rng: Random) -> None:
    """Two of the things that are done with a result."""
    from simres.analysis.explanation import explain
    from simres.exploration.comparison import compare
    from simres.reporting import comparison, explanation
    from simres.reporting.html.page import html
    from simres.reporting.layer_csv import layer_csv
    from simres.reporting.perfetto import perfetto
    from simres.reporting.report import report
    from simres.reporting.timeline import timeline
    from simres.reporting.viewer.index import ViewIndex

    draw = rng.random() < 0.5
    width = rng.choice((40, 80, 200))
    looks: list[Callable[[], Any]] = [
        lambda: report(result, width, draw=draw, details=rng.random() < 0.5),
        lambda: timeline(result, width, draw=draw).plain.splitlines(),
        lambda: explanation.explanation(
            result, explain(result.program, result.record), width, draw=draw, whole=True
        ),
        lambda: comparison.report(compare([result, result]), width, draw=draw, whole=True),
        lambda: html(result),
        lambda: perfetto(result),
        lambda: layer_csv(result),
        lambda: explanation.document(result),
        lambda: ViewIndex(result),
        lambda: result.to_json(),
    ]
    for look in rng.sample(looks, 2):
        with contextlib.suppress(SimresError):
            shown = look()
            for line in shown if not isinstance(shown, str | dict | ViewIndex) else ():
                _check_line(getattr(line, "plain", str(line)))


def _result(rng: Random, folder: Path) -> Attempt:
    data = mutations.json_of(rng, rng.choice(_results()))
    path = _put(folder, "result.json", data)

    def read() -> None:
        result = api.load(path)
        _look(result, rng)

    return Attempt(read, (str(path),))


@cache
def _study() -> Any:
    from functools import partial

    from simres.exploration.space import space_of
    from simres.exploration.study import study_of

    knobs = {"hardware.ddr.bandwidth": "1,2,4 GB/s", "hardware.sram.capacity": "64 KiB,1 MiB"}
    return study_of(
        api.find_template("paper"), space_of(knobs), BUILT_IN, partial(api.find_workload, registry=BUILT_IN)
    )


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    from simres.exploration.outcome import outcome

    return tuple(outcome(_study(), point, BUILT_IN) for point in range(_study().space.size))


def _table(rng: Random, folder: Path) -> Attempt:
    rows = list(_rows())
    lines = [json.dumps(row).encode() for row in rows]
    for at in rng.sample(range(len(lines)), rng.choice((0, 1, 2))):
        lines[at] = mutations.json_of(rng, rows[at]).replace(b"\n", b" ")
    data = b"\n".join(lines) + rng.choice((b"\n", b"\n", b"\n", b""))
    if rng.random() < 0.3:
        data = mutations.bytes_changed(rng, data)
    path = _put(folder, "sweep.jsonl", data)

    def read() -> None:
        from simres.exploration.objectives import best_of, objectives_of
        from simres.exploration.sweep import sweep
        from simres.exploration.table import rows_in
        from simres.reporting.glyphs import BLOCKS
        from simres.reporting.sweep_table import report

        class Quiet:
            def begin(self, points: int, done: int) -> None: ...

            def rows(self, rows: Any) -> None: ...

        study = _study()
        sweep(study, path, lambda _study, points, _count: ([rows[point]] for point in points), Quiet())
        found = list(rows_in(path))
        objectives = objectives_of("latency,energy")
        best = best_of(found, objectives)
        for line in report(found, study.space.knobs, objectives, best, 80, BLOCKS, whole=True):
            _check_line(line.plain)

    return Attempt(read, (str(path),))


# Training


def _archive(rng: Random, folder: Path) -> Attempt:
    suffix, data = containers.spoiled_archive(rng)
    path = _put(folder, f"images{suffix}", data)
    size = rng.choice((None, None, 8))
    before = sorted(folder.iterdir())

    def read() -> None:
        from simres.training.images import decode

        try:
            decode(path, size)
        finally:
            if sorted(folder.iterdir()) != before:
                raise FindingError(f"wrote {set(folder.iterdir()) - set(before)}")

    return Attempt(read, (str(path),))


def _cifar(rng: Random, folder: Path) -> Attempt:
    path = _put(folder, "cifar-10-binary.tar.gz", containers.cifar_archive(rng))

    def read() -> None:
        from simres.training.downloads import cifar10_from

        cifar10_from(path)

    return Attempt(read, (str(path),))


def _idx(rng: Random, folder: Path) -> Attempt:
    path = _put(folder, "images-idx3-ubyte.gz", containers.idx_file(rng))

    def read() -> None:
        from simres.training.downloads import idx_from

        idx_from(path)

    return Attempt(read, (str(path),))


@cache
def _cached() -> dict[str, bytes]:
    """The files of a decoded data set."""
    from tempfile import TemporaryDirectory

    from simres.training.datasets import open_dataset

    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        for split in ("train", "test"):
            for label in "ab":
                (tree / split / label).mkdir(parents=True)
                (tree / split / label / "1.png").write_bytes(containers.picture(1))
        open_dataset(f"folder:{tree}", cache=Path(folder) / "cache")
        (made,) = (Path(folder) / "cache" / "datasets").iterdir()
        return {path.name: path.read_bytes() for path in made.iterdir()}


def _dataset(rng: Random, folder: Path) -> Attempt:
    """The cache of a decoded data set: what is damaged there is made anew."""
    spoiled = rng.choice(sorted(_cached()))
    for name, data in _cached().items():
        if name == spoiled:
            known = name == "about.json" and rng.random() < 0.8
            data = mutations.json_of(rng, json.loads(data)) if known else mutations.bytes_changed(rng, data)
        _put(folder, name, data)

    def read() -> None:
        from simres.training.datasets import opened

        opened(folder)

    return Attempt(read, (str(folder),))


@cache
def _checkpoint_seed() -> bytes:
    """A small network with all the metadata that training writes."""
    from simres.networks.variant import Variant
    from simres.training.datasets import About
    from simres.training.recipe import recipe
    from simres.training.run import Run
    from simres.training.store import checkpoint_metadata, packed

    variant = Variant("resnet8", classes=2)
    run = Run(variant, recipe("fast"), "shapes", "sha256:0")
    about = About("shapes", ("a", "b"), (32, 32, 3), 8, 4, (0.5,) * 3, (0.25,) * 3, "sha256:0")
    metadata = checkpoint_metadata(run, about, ()) | {"accuracy": "0.5", "epoch": "1"}
    return packed(variant.build(BUILT_IN).module.state_dict(), metadata)


@cache
def _state_seed() -> tuple[bytes, bytes]:
    """What resuming a run needs, and its metrics."""
    import dataclasses

    from simres.networks.variant import Variant
    from simres.training.recipe import recipe
    from simres.training.run import Epoch, Run
    from simres.training.store import Progress, packed

    epoch = Epoch(1, 4, 0.1, 1.0, 0.5, 1.0, 0.5, 1.0, 10.0, 1.0)
    run = Run(Variant("resnet8"), recipe("fast"), "shapes", "sha256:0")
    progress = Progress(4, 1.0, 2, 1.0, (epoch,))
    metadata = {
        "state": "1",
        "run": json.dumps(run.document()),
        "progress": json.dumps(dataclasses.asdict(progress)),
    }
    import torch

    state = packed({"weights.x": torch.zeros(3), "momentum.x": torch.zeros(3)}, metadata)
    return state, (json.dumps(dataclasses.asdict(epoch)) + "\n").encode() * 3


def _checkpoint(rng: Random, folder: Path) -> Attempt:
    path = _put(folder, "net.safetensors", containers.safetensors_file(rng, _checkpoint_seed()))

    def read() -> None:
        from simres.networks.checkpoint import load
        from simres.training.trained import trained

        load(path, BUILT_IN)
        _ = trained(path, BUILT_IN).side

    return Attempt(read, (str(path),))


def _state(rng: Random, folder: Path) -> Attempt:
    state, metrics = _state_seed()
    _put(folder, "state.safetensors", containers.safetensors_file(rng, state))
    lines = [mutations.json_of(rng, json.loads(line)) for line in metrics.splitlines()[:1]]
    _put(folder, "metrics.jsonl", metrics + rng.choice((b"", lines[0].replace(b"\n", b" ") + b"\n")))

    def read() -> None:
        from simres.training.run import read_metrics
        from simres.training.store import load_state

        try:
            read_metrics(folder)
        finally:
            load_state(folder)

    return Attempt(read, (str(folder),))


TORCH = ("torch", "numpy", "PIL", "safetensors")
ALL = (
    Target("workload", _workload, 14),
    Target("workload, simulated", _simulated, 6),
    Target("scenario", _scenario, 16),
    Target("chip", _chip, 5),
    Target("setting", _setting, 5),
    Target("unit", _unit, 5),
    Target("sweep values", _varied, 7),
    Target("arrivals", _arrivals, 3),
    Target("result", _result, 14),
    Target("sweep table", _table, 4),
    Target("topology", _topology, 5, ("simres_systolic",)),
    Target("recipe", _recipe, 3),
    Target("image archive", _archive, 6, ("numpy", "PIL")),
    Target("CIFAR-10 archive", _cifar, 2, ("numpy", "PIL")),
    Target("IDX file", _idx, 1, ("numpy", "PIL")),
    Target("data set cache", _dataset, 1, ("numpy", "PIL")),
    Target("checkpoint", _checkpoint, 2, TORCH),
    Target("training state", _state, 1, TORCH),
)
