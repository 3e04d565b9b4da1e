"""The page on writing a plugin shows what `simres plugins new` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from simres.starters import Kind, files

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
WRITTEN = {path.as_posix(): text for path, text in files("my-npu", Kind.COMPONENT).items()}
SHOWN = (
    "pyproject.toml",
    "src/simres_my_npu/__init__.py",
    "src/simres_my_npu/spec.py",
    "scenarios/my_npu.yaml",
)


@pytest.mark.parametrize("path", SHOWN)
def test_the_example_is_what_the_command_writes(path: str) -> None:
    (text,) = (text for written, text in WRITTEN.items() if written.endswith(path))
    assert f"\n{text.rstrip()}\n```" in PAGE
