"""`simres schema`, `validate`, `init` and `examples`, as typed."""

from __future__ import annotations

import json
import os

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from simres.commands import app
from simres.errors import ExitCode
from simres.scenario import shipped
from simres.scenario.schema import FILES


@pytest.fixture
def simres(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments):
        return CliRunner().invoke(app, ["--no-plugins", *map(str, arguments)])

    return run


class TestSchema:
    @pytest.mark.parametrize("form", FILES)
    def test_on_stdout_and_in_a_file(self, simres, tmp_path, form):
        printed = simres("schema", form)
        assert printed.exit_code == ExitCode.OK
        assert simres("schema", form, "-o", "sub/s.json").exit_code == ExitCode.OK
        assert (tmp_path / "sub" / "s.json").read_text() == printed.stdout
        jsonschema.Draft202012Validator.check_schema(json.loads(printed.stdout))

    def test_the_scenarios_one_by_default(self, simres):
        assert simres("schema").stdout == (shipped.root() / FILES["scenario"]).read_text()

    def test_where_nothing_can_be_written(self, simres, tmp_path):
        (tmp_path / "file").touch()
        result = simres("schema", "-o", "file/below.json")
        assert result.exit_code == ExitCode.BAD_INPUT
        assert "cannot write" in result.stderr


class TestValidate:
    def test_everything_shipped(self, simres):
        files = [*shipped.scenarios().values(), *shipped.chips().values(), *shipped.workloads().values()]
        result = simres("validate", *files)
        assert result.exit_code == ExitCode.OK, result.stderr
        assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok"] * len(files)

    def test_all_files_are_reported(self, simres, tmp_path):
        (tmp_path / "bad.yaml").write_text("workload: x\nhardware:\n  sram: {kind: sram, capacity: 0 MB}\n")
        (tmp_path / "bad.json").write_text("{}")
        (tmp_path / "chip.yaml").write_text("source: me\nhardware: {sram: {kind: sram}}\n")
        (tmp_path / "name.yaml").write_text("workload: resnett20\nchip: paper\n")
        result = simres(
            "validate", "bad.yaml", "paper", "gone.yaml", tmp_path, "bad.json", "chip.yaml", "name.yaml"
        )
        assert result.exit_code == ExitCode.BAD_INPUT
        assert result.stdout.startswith("ok  paper: a scenario")
        assert (
            "error: Invalid scenario `bad.yaml`\n  3:32  hardware.sram.capacity: must be greater"
            in result.stderr
        )
        assert "no such file: `gone.yaml`" in result.stderr
        assert "is a folder" in result.stderr
        assert "Invalid workload `bad.json`" in result.stderr
        assert "Invalid chip `chip.yaml`" in result.stderr
        assert "Invalid scenario `name.yaml`\n  1:11  workload: unknown network `resnett20`" in result.stderr
        assert result.stderr.count("error: ") == 6

    def test_a_scenarios_workload_is_read_too(self, simres, tmp_path):
        (tmp_path / "w.json").write_text("{}")
        (tmp_path / "mine.yaml").write_text("workload: w.json\nchip: paper\n")
        result = simres("validate", "mine.yaml")
        assert result.exit_code == ExitCode.BAD_INPUT
        assert "Invalid workload `w.json`" in result.stderr

    def test_it_wants_a_file(self, simres):
        assert simres("validate").exit_code == ExitCode.BAD_INPUT


class TestInit:
    def test_what_it_writes_is_valid_and_runs(self, simres, tmp_path):
        result = simres("init", "new/place")
        assert result.exit_code == ExitCode.OK, result.stderr
        assert "simres simulate new/place/scenario.yaml" in result.stdout
        folder = tmp_path / "new" / "place"
        assert sorted(path.name for path in folder.iterdir()) == ["scenario.yaml", "schema.json"]
        document = yaml.safe_load((folder / "scenario.yaml").read_text())
        assert document["name"] == "place"
        jsonschema.validate(document, json.loads((folder / "schema.json").read_text()))
        assert simres("validate", folder / "scenario.yaml").exit_code == ExitCode.OK
        simulated = simres("simulate", folder / "scenario.yaml", "--json")
        assert simulated.exit_code == ExitCode.OK, simulated.stderr
        assert json.loads(simulated.stdout)["makespan_ps"] > 0

    def test_here_by_default(self, simres, tmp_path):
        assert simres("init").exit_code == ExitCode.OK
        assert (tmp_path / "scenario.yaml").exists()

    @pytest.mark.parametrize("there", ["scenario.yaml", "schema.json"])
    def test_nothing_is_overwritten(self, simres, tmp_path, there):
        (tmp_path / there).write_text("mine")
        result = simres("init")
        assert result.exit_code == ExitCode.BAD_INPUT
        assert f"already there: `{there}`; nothing was written" in result.stderr
        assert [path.name for path in tmp_path.iterdir()] == [there]
        assert (tmp_path / there).read_text() == "mine"

    def test_a_dangling_link_counts_as_there(self, simres, tmp_path):
        (tmp_path / "scenario.yaml").symlink_to(tmp_path / "gone")
        assert simres("init").exit_code == ExitCode.BAD_INPUT

    @pytest.mark.parametrize("name", ["a b", "on", "1", "a: b", "-", "é", 'q"', "{x}", "new\nline"])
    def test_any_folders_name_makes_a_valid_file(self, simres, tmp_path, name):
        assert simres("init", "--", f"x{name}").exit_code == ExitCode.OK
        assert simres("validate", tmp_path / f"x{name}" / "scenario.yaml").exit_code == ExitCode.OK

    def test_where_nothing_can_be_written(self, simres, tmp_path):
        (tmp_path / "file").touch()
        result = simres("init", "file/below")
        assert result.exit_code == ExitCode.BAD_INPUT
        assert "cannot write" in result.stderr

    @pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
    def test_a_read_only_folder(self, simres, tmp_path):
        tmp_path.chmod(0o500)
        result = simres("init")
        tmp_path.chmod(0o700)
        assert result.exit_code == ExitCode.BAD_INPUT
        assert "Permission denied" in result.stderr


class TestExamples:
    def test_everything_is_listed_with_how_to_run_it(self, simres):
        result = simres("examples")
        assert result.exit_code == ExitCode.OK
        for name in shipped.scenarios():
            verb = "sweep" if name == "design-space" else "simulate"  # it says what varies
            assert f"simres {verb} {name}" in result.stdout
        for name in shipped.chips():
            assert f"--chip {name}" in result.stdout
        for name in shipped.workloads():
            assert f"simres workload show {name}" in result.stdout

    def test_as_json(self, simres):
        document = json.loads(simres("examples", "--json").stdout)
        assert document["schema_version"] == 1
        assert {item["name"] for item in document["chips"]} == set(shipped.chips())
        for item in [*document["scenarios"], *document["chips"], *document["workloads"]]:
            assert item["description"]

    def test_chips_come_with_their_known_error(self, simres):
        document = json.loads(simres("examples", "--json").stdout)
        said = {item["name"]: item["validated"] for item in document["chips"]}
        assert said["paper"] == ""
        assert "times of MLPerf Tiny" in said["nucleo-l4r5zi"]
        text = " ".join(simres("examples").stdout.split())
        assert "error against silicon: not known" in text
        assert text.count("error against silicon:") == len(said)

    def test_the_commands_it_names_work(self, simres):
        document = json.loads(simres("examples", "--json").stdout)
        for item in [*document["scenarios"], *document["workloads"]]:
            if item["command"] == "simres sweep design-space":
                continue  # long, and one of the commands of docs/sweep.md, which all run
            result = simres(*item["command"].split()[1:])
            assert result.exit_code == ExitCode.OK, (item["command"], result.stderr)
