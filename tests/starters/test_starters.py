"""`simres plugins new` writes packages that work unchanged, and refuses invalid names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simres.errors import SimresError
from simres.files import write_text
from simres.starters import Kind, files

SIMRES = [sys.executable, "-c", "from simres.commands import main; main()"]


def run(
    *arguments: object, cwd: Path | None = None, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A process with `path` among its packages."""
    environment = os.environ | {"NO_COLOR": "1"}
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [str(argument) for argument in arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=300,
        check=False,
    )


def install(folder: Path, site: Path) -> None:
    """Puts a new package where it is found, as an editable installation does: its metadata and its module."""
    (module,) = (folder / "src").iterdir()
    site.mkdir()
    (site / module.name).symlink_to(module)
    information = site / f"{module.name}-0.1.0.dist-info"
    information.mkdir()
    name = folder.name
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    text = (folder / "pyproject.toml").read_text()
    entry = re.search(r"\[project\.entry-points\.simres\]\n(.*)\n", text)
    assert entry is not None
    plain = entry[1].replace('"', "")
    (information / "entry_points.txt").write_text(f"[simres]\n{plain}\n")


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.BLOCK, Kind.COMPONENT)])
def test_what_it_writes_keeps_the_contracts_and_its_tests_pass(kind: Kind, tmp_path: Path) -> None:
    for path, text in files(f"a-{kind}", kind).items():
        write_text(tmp_path / path, text)
    (test,) = (tmp_path / "tests").glob("test_*.py")
    assert pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(test)]) == 0


@pytest.mark.parametrize("kind", [Kind.COMPONENT, pytest.param(Kind.BLOCK, marks=pytest.mark.torch)])
def test_its_tests_pass_at_once_and_simres_finds_it(tmp_path: Path, kind: Kind) -> None:
    made = run(*SIMRES, "plugins", "new", "My-First", "--kind", kind, "-o", tmp_path)
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "simres-my-first"
    tested = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert tested.returncode == 0, tested.stdout
    assert "warning" not in tested.stdout

    install(folder, tmp_path / "site")
    checked = run(*SIMRES, "plugins", "check", "my-first", path=tmp_path / "site")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.endswith("1 of 1 keep their contracts.\n")
    for scenario in folder.glob("scenarios/*.yaml"):
        done = run(*SIMRES, "simulate", scenario, "--json", path=tmp_path / "site")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["origin"]["versions"]["simres-my-first"] == "0.1.0"


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "simres-npu").mkdir()
    made = run(*SIMRES, "plugins", "new", "npu", "-o", tmp_path)
    assert made.returncode == 2
    assert "already exists" in made.stderr
    assert not list((tmp_path / "simres-npu").iterdir())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", ["npu", "my-npu", "simres-my_npu", "n4"])
def test_no_word_is_left_to_fill_in(kind: Kind, name: str) -> None:
    made = files(name, kind)
    assert not any(re.search(r"@\w+@", f"{path}{text}") for path, text in made.items())
    part = name.removeprefix("simres-").replace("-", "_")
    assert Path("src", f"simres_{part}", "__init__.py") in made
    for path, text in made.items():
        if path.suffix == ".py":
            compile(text, str(path), "exec")
            assert max(map(len, text.splitlines()), default=0) <= 120


@pytest.mark.parametrize("name", ["", "4x", "a b", "../up", "a--b", "-a", "é", "class", "x" * 50, "a.b"])
def test_a_name_that_no_package_can_have_is_refused(name: str) -> None:
    with pytest.raises(SimresError, match="invalid plugin name"):
        files(name, Kind.COMPONENT)
