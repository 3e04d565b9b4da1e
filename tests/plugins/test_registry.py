"""Installed packages: found, loaded when needed, and never able to break what does not need them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from simres import api, errors
from simres.errors import SimresError, SimresWarning
from simres.plugins.hooks import Block
from simres.plugins.providers import PACKAGE_OF
from simres.plugins.registry import LOAD_PLUGINS, Registry, resolve

IMPORTS = """\
from simres.plugins.hooks import Component, ComponentRole, Scheduler, hookimpl
MATRIX = ComponentRole.MATRIX
SPEC = "simres.hardware.specs:MatrixSpec"
"""
NPU = """
@hookimpl
def simres_components():
    yield Component("npu", MATRIX, SPEC, "an NPU")
"""
SCENARIO = """\
schema_version: 1
workload: resnet20
chip: paper
hardware:
  matrix: {kind: KIND, rate: 1 TFLOP/s}
scheduler: serial
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution where importlib finds it: a module, and the metadata that names it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv(LOAD_PLUGINS, raising=False)
    before = set(sys.modules)

    def write(
        distribution: str, source: str | None, *, version: str = "1.0", requires: str | None = None
    ) -> None:
        module = distribution.replace("-", "_")
        if source is not None:
            (tmp_path / f"{module}.py").write_text(IMPORTS + dedent(source))
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        needs = f"Requires-Dist: {requires}\n" if requires else ""
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}"
        )
        (info / "entry_points.txt").write_text(
            f"[simres]\n{distribution.removeprefix('simres-')} = {module}\n"
        )

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def run(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from simres.commands import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"NO_COLOR": "1"} | environment,
        timeout=60,
        check=False,
    )


def scenario(folder: Path, kind: str) -> str:
    path = folder / f"{kind}.yaml"
    path.write_text(SCENARIO.replace("KIND", kind))
    return str(path)


BROKEN = {
    "raises on import": ('raise RuntimeError("no licence\\nfound")', "RuntimeError: no licence found"),
    "exits on import": ("raise SystemExit(3)", "SystemExit: 3"),
    "is no Python": ("def (:", "SyntaxError"),
    "needs what is not there": ("import simres_nowhere", "No module named 'simres_nowhere'"),
    "is missing": (None, "No module named 'simres_broken'"),
    "fails to register": (
        "@hookimpl(wrapper=True)\ndef simres_components():\n    return ()",
        "PluginValidationError",
    ),
    "raises when asked": (
        "@hookimpl\ndef simres_components():\n    raise OSError('gone')",
        "OSError: gone",
    ),
    "raises halfway": (NPU + "    raise LookupError('half')", "LookupError: half"),
    "exits halfway": (NPU + "    exit('bye')", "SystemExit: bye"),
    "yields another thing": (
        "@hookimpl\ndef simres_components():\n    yield Scheduler('npu', SPEC, '')",
        "simres_components must yield Component, got Scheduler",
    ),
    "yields text": ("@hookimpl\ndef simres_components():\n    return 'npu'", "got str"),
    "yields nothing iterable": ("@hookimpl\ndef simres_components():\n    return 3", "TypeError"),
    "yields a wrong name": (
        "@hookimpl\ndef simres_components():\n    yield Component(3, MATRIX, SPEC, '')",
        "`kind` must be str, got 3",
    ),
    "yields a wrong role": (
        "@hookimpl\ndef simres_components():\n    yield Component('npu', 'matrix', SPEC, '')",
        "`role` must be ComponentRole, got 'matrix'",
    ),
    "yields without end": (
        "@hookimpl\ndef simres_components():\n    yield from simres_components()",
        "RecursionError",
    ),
    "declares a name twice": (
        NPU + "    yield Component('npu', MATRIX, SPEC, 'again')",
        "declares the kind `npu` twice",
    ),
    "misspells a hook": (
        NPU.replace("simres_components", "simres_component"),
        "unknown hook 'simres_component'",
    ),
    "takes an argument": (
        NPU.replace("components()", "components(chip)"),
        "Argument(s) {'chip'} are declared in the hookimpl",
    ),
    "forgets to mark its hook": (NPU.replace("@hookimpl", ""), "is `@hookimpl` missing?"),
    "claims what simres has": (
        NPU.replace('"npu"', '"matrix"'),
        "claims the kind `matrix`, which simres itself provides",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_plugin_is_set_aside_with_its_reason(install: Install, how: str) -> None:
    source, reason = BROKEN[how]
    install("simres-broken", source)
    install("simres-fine", NPU.replace("npu", "fine"))
    registry = Registry()
    with pytest.warns(SimresWarning) as warned:
        assert registry.component("fine").summary == "an NPU"
    (message,) = (str(warning.message) for warning in warned)
    assert message.startswith("plugin `broken` (simres-broken 1.0) is left out: ")
    assert reason in message
    assert "\n" not in message
    with pytest.raises(
        SimresError, match=r"unknown kind `npu`.*`broken` \(simres-broken 1.0\) failed"
    ) as error:
        registry.component("npu")
    assert reason in error.value.message
    assert registry.component("matrix").spec == "simres.hardware.specs:MatrixSpec"


def test_a_plugin_for_another_simres_is_not_imported(install: Install, tmp_path: Path) -> None:
    touched = tmp_path / "imported"
    install("simres-npu", f"open({str(touched)!r}, 'w')" + NPU, requires="simres>=99")
    install("simres-old", f"open({str(touched)!r}, 'w')" + NPU, requires="simres (<0.0.1)")
    reason = r"it needs simres >=99, and this is "
    with pytest.warns(SimresWarning) as warned, pytest.raises(SimresError, match=reason):
        Registry().component("npu")
    assert str(warned[0].message).startswith("plugin `npu` (simres-npu 1.0) is left out: " + reason)
    assert "it needs simres <0.0.1" in str(warned[1].message)
    assert not touched.exists()
    done = run("simulate", scenario(tmp_path, "npu"))
    assert done.returncode == 2
    assert "failed to load: it needs simres >=99" in done.stderr


@pytest.mark.parametrize(
    "requires",
    [
        "simres>=0.1",
        "simres",
        "simres[torch]>=0.0.1",
        "simres-dram>=99",
        "simres>=99; extra == 'x'",
        "simres>=?",
    ],
)
def test_a_plugin_for_this_simres_is(install: Install, requires: str) -> None:
    install("simres-npu", NPU, requires=requires)
    assert Registry().component("npu").kind == "npu"


def test_an_interrupt_is_no_broken_plugin(install: Install) -> None:
    install("simres-npu", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Registry().load_external()
    assert run("plugins").returncode == 130


def test_a_broken_plugin_that_nobody_needs_costs_a_line(install: Install, tmp_path: Path) -> None:
    install("simres-broken", "raise SystemExit(3)")
    install("simres-npu", NPU)
    done = run("simulate", scenario(tmp_path, "npu"))
    assert done.returncode == 0
    assert done.stderr == "warning: plugin `broken` (simres-broken 1.0) is left out: SystemExit: 3\n"


def test_a_schema_leaves_out_what_cannot_be_loaded(install: Install) -> None:
    install(
        "simres-broken",
        """
        @hookimpl
        def simres_components():
            yield Component("gone", MATRIX, "simres_broken:Gone", "its spec is not there")
            yield Component("odd", MATRIX, "simres_broken:IMPORTS", "its spec is no model")
            yield Component("sound", MATRIX, SPEC, "a sound one")

        @hookimpl
        def simres_schedulers():
            yield Scheduler("lost", "simres_broken:no", "no parameters", parameters="simres_nowhere:P")

        IMPORTS = 1
        """,
    )
    done = run("schema")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    kinds = document["$defs"]["component"]["properties"]["kind"]["enum"]
    assert "sound" in kinds
    assert not {"gone", "odd"} & {*kinds, *document["$defs"]}
    assert "lost" not in document["properties"]["scheduler"]["anyOf"][0]["enum"]
    nowhere = "ModuleNotFoundError: No module named 'simres_nowhere'"
    gone = "AttributeError: module 'simres_broken' has no attribute 'Gone'"
    assert done.stderr.splitlines() == [
        f"warning: scheduler `lost` is left out: cannot load `simres_nowhere:P`: {nowhere}",
        f"warning: kind `gone` is left out: cannot load `simres_broken:Gone` of simres-broken 1.0: {gone}",
        "warning: kind `odd` is left out: `simres_broken:IMPORTS` is no pydantic model",
    ]


def test_a_broken_plugin_that_a_scenario_needs_is_named(install: Install, tmp_path: Path) -> None:
    install("simres-npu", 'raise RuntimeError("no licence")')
    done = run("simulate", scenario(tmp_path, "npu"))
    assert done.returncode == 2
    assert "5:18  hardware.matrix.kind: unknown kind `npu`" in done.stderr
    assert "plugin `npu` (simres-npu 1.0) failed to load: RuntimeError: no licence" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "spec", ["simres_npu:Nothing", "simres_npu.gone:Spec", "simres_npu", "simres_late:Spec"]
)
def test_a_target_that_cannot_be_loaded_names_its_package(
    install: Install, tmp_path: Path, spec: str
) -> None:
    install("simres-npu", NPU.replace("SPEC", repr(spec)))
    (tmp_path / "simres_late.py").write_text("raise SystemExit")
    done = run("simulate", scenario(tmp_path, "npu"))
    assert done.returncode == 2
    assert f"cannot load `{spec}`" in done.stderr
    if spec != "simres_late:Spec":
        assert "of simres-npu 1.0" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["simulate", "paper"], ["simulate", "resnet20"], ["validate"], ["examples"]],
)
def test_commands_that_need_no_plugin_import_none(
    install: Install, tmp_path: Path, arguments: list[str]
) -> None:
    install("simres-npu", f"open({str(tmp_path / 'imported')!r}, 'w')")
    if arguments == ["validate"]:
        arguments = ["validate", scenario(tmp_path, "matrix")]
    assert run(*arguments).returncode == 0
    assert not (tmp_path / "imported").exists()


def test_a_slow_plugin_is_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("simres-npu", "import time; time.sleep(0.02)" + NPU)
    monkeypatch.setattr("simres.plugins.catalogue.SLOW_S", 0.01)
    monkeypatch.setenv(LOAD_PLUGINS, "simres-npu")  # others that are installed may be as slow
    with pytest.warns(SimresWarning, match=r"^plugin `npu` \(simres-npu 1.0\) took 0.\d s to import$"):
        assert Registry().component("npu").kind == "npu"


def test_what_a_plugin_prints_stays_out_of_the_document(install: Install, tmp_path: Path) -> None:
    install("simres-npu", "print('hello from npu')" + NPU)
    done = run("simulate", scenario(tmp_path, "npu"), "--json")
    assert json.loads(done.stdout)["origin"]["versions"]["simres-npu"] == "1.0"
    assert "hello from npu" in done.stderr


def test_a_kind_that_two_claim_is_nobodys(install: Install, tmp_path: Path) -> None:
    install("simres-npu", NPU)
    install("simres-rival", NPU)
    install("simres-third", NPU.replace("npu", "third"))
    registry = Registry()
    both = r"kind `npu` is claimed by `npu` \(simres-npu 1.0\) and `rival` \(simres-rival 1.0\)"
    with pytest.warns(SimresWarning, match=both):
        assert "npu" not in registry.components()
    with pytest.raises(SimresError, match=both):
        registry.component("npu")
    assert registry.component("third").kind == "third"
    done = run("simulate", scenario(tmp_path, "npu"))
    assert done.returncode == 2
    assert "(simres-npu 1.0) and `rival` (simres-rival 1.0)" in done.stderr
    assert run("simulate", scenario(tmp_path, "third")).returncode == 0


@pytest.mark.parametrize(
    ("said", "loaded"),
    [
        ("simres-npu", {"npu"}),
        ("Simres_NPU", {"npu"}),
        ("npu", {"npu"}),
        ("simres-npu, simres-other", {"npu", "other"}),
        ("simres-gone", set()),
        ("", set()),
        (" , ", set()),
    ],
)
def test_the_environment_restricts_what_loads(
    install: Install, monkeypatch: pytest.MonkeyPatch, said: str, loaded: set[str]
) -> None:
    install("simres-npu", NPU)
    install("simres-other", NPU.replace("npu", "other"))
    monkeypatch.setenv(LOAD_PLUGINS, said)
    registry = Registry()
    assert (
        set(registry.components())
        - {
            "ddr",
            "sram",
            "matrix",
            "host",
            "processor",
            "microcontroller",
            "background",
        }
        == loaded
    )
    if "npu" not in loaded:
        with pytest.raises(SimresError) as error:
            registry.component("npu")
        assert LOAD_PLUGINS in str(error.value.hint)


def test_no_plugins_keeps_to_what_simres_has(install: Install, tmp_path: Path) -> None:
    install("simres-npu", NPU)
    needs_it = scenario(tmp_path, "npu")
    assert run("simulate", needs_it).returncode == 0
    refused = run("--no-plugins", "simulate", needs_it)
    assert refused.returncode == 2
    assert "`--no-plugins`" in refused.stderr
    listed = json.loads(run("--no-plugins", "plugins", "--json").stdout)
    assert [plugin["name"] for plugin in listed["plugins"]] == ["simres"]


def test_the_list_says_who_provides_what(install: Install) -> None:
    install("simres-npu", NPU)
    install("simres-rival", NPU)
    install("simres-broken", "1 / 0")
    install("simres-fine", NPU.replace("npu", "fine"), version="2.1")
    done = run("plugins", COLUMNS="160")
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert any(line.split()[:3] == ["fine", "simres-fine", "2.1"] for line in lines)
    assert "plugin `broken` (simres-broken 1.0) is left out: ZeroDivisionError: division by zero" in lines
    assert any(
        line.startswith("kind `npu` is claimed by `npu` (simres-npu 1.0) and `rival`") for line in lines
    )

    document = json.loads(run("plugins", "--json").stdout)
    errors = {plugin["distribution"]: plugin["error"] for plugin in document["plugins"]}
    assert errors["simres-broken"] == "ZeroDivisionError: division by zero"
    assert errors["simres-fine"] is errors["simres"] is None
    assert {"name": "fine", "summary": "an NPU", "plugin": "fine"} in document["parts"]["kind"]
    assert document["contested"] == {"kind npu": ["simres-npu 1.0", "simres-rival 1.0"]}


def test_check_holds_what_a_plugin_declares_against_its_contracts(install: Install) -> None:
    install("simres-npu", NPU)
    for name in ("npu", "simres-npu", "Simres_NPU"):
        done = run("plugins", "check", name)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "kind `npu`: ok\n1 of 1 keep their contracts.\n"
    document = json.loads(run("plugins", "check", "npu", "--json").stdout)
    assert document["parts"] == [{"part": "kind `npu`", "broken": None}]


def test_check_finds_collisions_and_all_else_that_keeps_a_plugin_out(install: Install) -> None:
    install("simres-npu", NPU + "    yield Component('odd', MATRIX, 'simres_npu:Nothing', 'is not there')")
    install("simres-rival", NPU)
    install("simres-broken", "1 / 0")
    install("simres-taken", NPU.replace("npu", "matrix"))
    done = run("plugins", "check", "npu")
    assert done.returncode == 1
    assert "kind `odd`: broken" in done.stdout
    assert "`npu` is claimed by `npu` (simres-npu 1.0) and `rival` (simres-rival 1.0)" in done.stdout
    assert "spec `simres_npu:Nothing`: cannot load" in done.stdout
    assert done.stdout.endswith("0 of 2 keep their contracts.\n")
    for name, reason in {"broken": "ZeroDivisionError", "taken": "which simres itself provides"}.items():
        done = run("plugins", "check", name)
        assert done.returncode == 1
        assert reason in done.stdout
    missing = run("plugins", "check", "gone")
    assert missing.returncode == 2
    assert "no plugin `gone` is installed; installed: simres, " in missing.stderr


def test_a_plugin_is_part_of_where_a_result_comes_from(install: Install, tmp_path: Path) -> None:
    install("simres-npu", NPU, version="0.7")
    done = run("simulate", scenario(tmp_path, "npu"), "-o", str(tmp_path / "out"))
    assert done.returncode == 0
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    assert document["origin"]["versions"]["simres-npu"] == "0.7"
    assert run("rerun", str(tmp_path / "out")).returncode == 0


def test_close_names_are_suggested() -> None:
    with pytest.raises(SimresError) as error:
        Registry(external=False).scheduler("seriel")
    assert error.value.hint == "did you mean `serial`?"


def test_torch_is_named_as_an_extra() -> None:
    sys.modules["torchvision"], kept = None, sys.modules.get("torchvision")  # type: ignore[assignment]
    try:
        with pytest.raises(SimresError) as error:
            resolve("torchvision:models")
    finally:
        del sys.modules["torchvision"]
        if kept is not None:
            sys.modules["torchvision"] = kept
    assert error.value.hint == errors.install("torch")


def built_in(torch: bool) -> Iterator[str]:
    """What built-in parts point to, as `module:name`: the residual blocks (they need torch) or the rest."""
    for catalogue in Registry(external=False).catalogues:
        for declaration, _ in catalogue.found.values():
            if isinstance(declaration, Block) == torch:
                for field in ("spec", "engine", "target", "parameters"):
                    if hasattr(declaration, field):
                        yield getattr(declaration, field)


def test_every_built_in_part_is_there_to_be_loaded() -> None:
    assert all(callable(resolve(target)) for target in built_in(torch=False))


@pytest.mark.torch
def test_every_built_in_block_is_there_to_be_loaded() -> None:
    pytest.importorskip("torch")
    assert all(callable(resolve(target)) for target in built_in(torch=True))


USES = """\
schema_version: 1
workload: resnet20
chip: paper
passes: [PASSES]
scheduler: SCHEDULER
"""
PARTS = """
from simres.plugins.hooks import Pass, Reporter

@hookimpl
def simres_schedulers():
    yield Scheduler("odd", "simres_odd:schedule", "An odd one.")

@hookimpl
def simres_passes():
    yield Pass("odd", "simres_odd:rewrite", "An odd one.")

@hookimpl
def simres_reporters():
    yield Reporter("odd", target="simres_odd:report", summary="An odd one.", suffix=".txt")

def rewrite(workload):
    WHAT

def schedule(workload, chip, parameters):
    WHAT

def report(result):
    WHAT
"""


@pytest.mark.parametrize("part", ["scheduler", "pass", "reporter"])
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("return {}['gone']", "KeyError: 'gone'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("return 3", "TypeError: it must return "),
        ("yield 3", "TypeError: it must return "),
    ],
)
def test_a_part_that_fails_is_blamed_on_its_plugin(install, tmp_path, part, what, reason):
    install("simres-odd", PARTS.replace("WHAT", what))
    path = tmp_path / "uses.yaml"
    named = {
        "PASSES": "odd" if part == "pass" else "",
        "SCHEDULER": "odd" if part == "scheduler" else "serial",
    }
    path.write_text(USES.replace("PASSES", named["PASSES"]).replace("SCHEDULER", named["SCHEDULER"]))
    report = ("--report", f"odd={tmp_path / 'odd.txt'}") if part == "reporter" else ()
    done = run("simulate", str(path), *report)
    assert done.returncode == 2, done.stderr
    assert f"error: {part} `odd` of plugin `odd` (simres-odd 1.0) fails: {reason}" in done.stderr
    assert "the traceback is in" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "odd.txt").exists()


def test_a_part_that_says_what_is_wrong_is_heard(install, tmp_path):
    install(
        "simres-odd",
        PARTS.replace(
            "WHAT", "from simres.errors import AnswerIsNo; raise AnswerIsNo('too big', 'shrink it')"
        ),
    )
    path = tmp_path / "uses.yaml"
    path.write_text(USES.replace("PASSES", "").replace("SCHEDULER", "odd"))
    done = run("simulate", str(path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: too big\n\nhint: shrink it")


def test_parts_of_the_packages_beside_simres_are_known_by_name() -> None:
    everything = Registry()
    everything.load_external()
    found = {
        name: provider.distribution.split()[0]
        for catalogue in everything.catalogues
        for name, (_, provider) in catalogue.found.items()
        if provider.distribution.startswith("simres-")
    }
    if not found:
        pytest.skip("none of them is installed")
    assert {name: package for name, package in PACKAGE_OF.items() if package in found.values()} == found


@pytest.mark.parametrize(
    ("key", "name"), [("hardware.matrix.kind", "systolic"), ("passes", "scalesim_shapes")]
)
def test_a_part_of_a_package_that_is_not_installed_names_the_package(key: str, name: str) -> None:
    value = [name] if key == "passes" else name
    with pytest.raises(SimresError) as raised:
        api.find_scenario("resnet20", overrides={key: value}, registry=Registry(external=False))
    assert f"`{name}` comes with the package `{PACKAGE_OF[name]}`" in (raised.value.hint or "")
