"""Files of every new package."""

FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.24"]
build-backend = "hatchling.build"

[project]
name = "simres-@name@"
version = "0.1.0"
description = "For simres: @summary@."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["simres@extras@>=@simres@"]

[project.optional-dependencies]
dev = ["simres[testing]"]

# simres finds plugins by this entry point and looks for hooks in the module.
[project.entry-points.simres]
@part@ = "@module@"

[tool.hatch.build.targets.wheel]
packages = ["src/@module@"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src"]
addopts = "--import-mode=importlib"
""",
    "README.md": """\
# simres-@name@

For simres: @summary@.

```
pip install -e ".[dev]"
pytest
simres plugins check @name@
@try@
```
""",
    "src/@module@/py.typed": "",
}
