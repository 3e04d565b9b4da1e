"""Finds what a name or a path means: a scenario, a chip, a workload, a stored result."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from simres import jobs
from simres.errors import SimresError
from simres.files import STDIO, read_bytes
from simres.plugins.registry import Registry, default_registry
from simres.scenario import loader, shipped
from simres.scenario.model import Scenario
from simres.workload.graph import Ledger, Workload
from simres.workload.json import read as read_workload


def find_scenario(
    named: str | Path,
    *,
    chip: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    registry: Registry | None = None,
) -> Scenario:
    """Returns the scenario of an argument: a file, a shipped one by name, or a workload on a chip."""
    return find_template(named, chip=chip).scenario(registry or default_registry(), overrides)


def find_template(named: str | Path, *, chip: str | None = None) -> loader.Template:
    """Returns the scenario's template before any override or check."""
    text = str(named)
    if chip is not None:
        if text.endswith((".yaml", ".yml")):
            raise SimresError(
                f"`{text}` is a YAML file, and a chip is given for a network or traced file",
                f"the scenario's own chip is in it, under `chip:` and `hardware:`; "
                f"`simres simulate NETWORK --chip {chip}` runs a network there",
            )
        name = f"{_stem(text)} on {_stem(chip)}"
        # No scheduler was given, so the best one is used.
        document = {"name": name, "workload": text, "chip": chip, "scheduler": "overlapped"}
        return loader.template_of(document, name=name)
    from simres.networks import network_names as names

    path = Path(named)
    if path.suffix.lower() in (".onnx", *names.OTHER_TOOLS):
        names.parse(text)
    if not is_path(text):
        if text in shipped.scenarios():
            path = shipped.scenario(text)
        elif not path.exists() and path != STDIO:
            raise unknown(text)
    trained = _is_trained(path)
    if trained or path.suffix in (".safetensors", ".pt", ".pth"):
        typed = f"./{text}" if trained and not is_path(text) else text
        raise SimresError(
            f"`{text}` is a network, not a scenario",
            f"name a chip too: `simres simulate {typed} --chip paper`",
        )
    if path.suffix == ".json":
        raise SimresError(
            f"`{text}` is a workload or a result, not a scenario",
            f"`simres simulate {text} --chip paper` runs a workload, `simres rerun {text}` a result",
        )
    return loader.template(path)


def finished(named: str | Path, option: str) -> SimresError:
    """Returns the error for an option that changes a scenario, given with a stored result."""
    return SimresError(
        f"`{named}` is a finished run, and {option} goes with a scenario",
        "`simres rerun` repeats the run unchanged; to change something, name its scenario",
    )


def is_stored(named: str | Path, chip: str | None = None) -> bool:
    """Whether an argument is a finished run: a folder with one, or without a `chip` a JSON file.

    A folder with a scenario or a trained network in it is none, and any other is taken for one.
    """
    path = Path(named)
    if path == STDIO:
        return chip is None and read_bytes(path, "result or scenario").lstrip().startswith(b"{")
    if path.is_dir():
        started = str(named) in shipped.scenarios() or (path / "scenario.yaml").is_file()
        return (path / "result.json").is_file() or not (started or _is_trained(path))
    return path.suffix == ".json" and chip is None


def _is_trained(folder: Path) -> bool:
    """Whether `simres train` wrote a network into a folder."""
    from simres.networks.network_names import RUN_CHECKPOINT

    return (folder / RUN_CHECKPOINT).is_file()


def find_workload(
    named: str | Path, *, registry: Registry | None = None, allow_unmodelled: bool = False
) -> Workload | Ledger:
    """Returns a workload file, a shipped workload, or a network traced now (which needs torch)."""
    text = str(named)
    if Path(text).suffix == ".json" or Path(text) == STDIO:
        return read_workload(Path(text))
    known = shipped.workloads()
    if text in known:
        return read_workload(known[text])
    from simres.networks import network_names as names

    network = names.parse(text)
    if network.shipped in known:
        return read_workload(known[network.shipped])
    operators = (registry or default_registry()).operators()
    with jobs.job(f"tracing {network}"):
        from simres.tracing import trace_network

        return trace_network(str(network), operators=operators, allow_unmodelled=allow_unmodelled)


def find_workloads(
    scenario: Scenario, *, registry: Registry | None = None, allow_unmodelled: bool = False
) -> Mapping[str, Workload | Ledger]:
    """Returns a scenario's workloads by tenant, an only network under the empty name; see `find_workload`."""
    return {
        name: find_workload(reference, registry=registry, allow_unmodelled=allow_unmodelled)
        for name, reference in scenario.networks.items()
    }


def unknown(text: str, also: str = "") -> SimresError:
    """Returns the error for an unknown name."""
    known = shipped.scenarios()
    close = get_close_matches(text[:100].lower(), known, n=1, cutoff=0.8)
    if close and text not in shipped.workloads():
        hint = f"did you mean `{close[0]}`? A network needs a chip: `{text} --chip paper`"
    else:
        hint = f"for a network, name a chip too: `{text} --chip paper`"
    if also:
        hint += f"; `simres simulate SCENARIO -o {text}` writes a result there"
    return SimresError(f"no scenario `{text}`{also}; shipped: {', '.join(known)}", hint)


def is_path(text: str) -> bool:
    """Whether a name is a path of a file."""
    return "/" in text or "\\" in text or text.endswith((".yaml", ".yml", ".json"))


def _stem(text: str) -> str:
    return Path(text).stem if is_path(text) else text
