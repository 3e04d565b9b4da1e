"""The contract of an importer: files in, a workload and optionally a scenario out."""

from __future__ import annotations

from pathlib import Path

import yaml

from simres.errors import SimresError
from simres.plugins.hooks import Importer
from simres.plugins.imported import Imported
from simres.plugins.registry import Registry, default_registry
from simres.scenario.loader import from_document
from simres.testing.contract import ContractBroken, described, hold, load_target, same
from simres.workload import Workload
from simres.workload.json import dumps, loads
from simres.workload.rules import problems_of_ledger, problems_of_workload


def check_importer(importer: str | Importer, *files: str | Path, registry: Registry | None = None) -> None:
    """Checks an importer, by name or as declared, against the contract of importers, on these files.

    Its workload obeys the rules of workloads and survives storage in a file; a scenario loads, with the parts
    of `registry` (by default all installed ones); a missing file is a `SimresError`. Without files only the
    declaration is checked. Raises `ContractBroken`.
    """
    registry = registry or default_registry()
    if isinstance(importer, str):
        importer = registry.importer(importer)
    described(importer)
    read = load_target(importer)
    if not files:
        return
    paths = [Path(file) for file in files]
    found = read(paths)
    hold(
        isinstance(found, Imported),
        f"it returns {type(found).__name__}, not `simres.plugins.imported.Imported`",
    )
    workload = found.workload
    rules = problems_of_workload(workload) if isinstance(workload, Workload) else problems_of_ledger(workload)
    problems = list(rules)
    hold(not problems, f"what it makes is no workload: {'; '.join(problems)}")
    same(loads(dumps(workload)), workload, "what it makes, read back from its file,")
    same(found, read(paths), "what it makes")
    if found.scenario is not None:
        document = yaml.safe_load(found.scenario) | {"workload": "resnet20"}
        try:
            from_document(document, registry=registry)
        except SimresError as error:
            raise ContractBroken(f"its scenario does not load: {error.message}") from error
    missing = [path.with_name(f"missing-{path.name}") for path in paths]
    try:
        read(missing)
    except SimresError:
        return
    except Exception as error:
        raise ContractBroken(f"a missing file is a {type(error).__name__}, not a SimresError") from error
    raise ContractBroken("it makes something of a missing file")
