"""The pages made from the code say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simres import hookspecs
from simres.plugins import Registry

ROOT = Path(__file__).parents[1]
CATALOGUES = Registry(external=False).catalogues


def test_generated_pages_are_those_of_this_code() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda catalogue: catalogue.hook)
def test_every_hook_is_documented_with_an_example_that_holds(catalogue) -> None:  # type: ignore[no-untyped-def]
    hook = getattr(hookspecs, catalogue.hook)
    assert catalogue.form.__doc__
    _, _, example = (hook.__doc__ or "").partition("Example:\n")
    assert example.strip(), f"{catalogue.hook} has no example"
    names = dict(vars(hookspecs))
    exec("if True:\n" + example, names)
    assert all(isinstance(item, catalogue.form) for item in names[catalogue.hook]())


def test_every_hook_has_a_catalogue() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("simres_")}
    assert hooks == {catalogue.hook for catalogue in CATALOGUES}
