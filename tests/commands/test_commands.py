"""The command line as people and scripts meet it: output, exit codes, and every way to get it wrong."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import pytest

from simres.commands import COMMANDS
from simres.commands.errors_to_exit_codes import guard
from simres.errors import AnswerIsNo, SimresError
from simres.program.record import Record, RecordLevel
from simres.scenario import shipped
from simres.simulation.invariants import BrokenInvariant


def test_simulate_prints_tables_and_succeeds(simres):
    code, out, err = simres("simulate", shipped.scenario("paper"))
    assert (code, err) == (0, "")
    assert out.startswith("paper, schedule paper: 22.10 ms, 45.2/s, MAC utilisation 1.5 %.\n")
    assert out.count("conv") == 5
    code, out, err = simres("simulate", shipped.scenario("paper"), "--details")
    assert (code, err) == (0, "")
    assert out.count("conv") == 19


def test_brief_is_the_answer_alone(simres, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    code, brief, err = simres("simulate", "paper", "--brief")
    assert (code, err) == (0, "")
    assert brief == (
        "paper, schedule paper: 22.10 ms, 45.2/s, MAC utilisation 1.5 %.\n"
        "Bottleneck: the host, 73.4 % of the critical path; 36.3 % above the lower bound.\n"
        "Try first: 2x host rate (at most -37 %), overlapping engines (at most -27 %); estimates.\n"
    )
    _, whole, _ = simres("simulate", "paper")
    assert whole.startswith(brief)
    assert whole.endswith(f"\n\n{brief}")


def test_simulate_json_is_one_document(simres):
    code, out, err = simres("simulate", "paper", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["makespan_ps"] == 22_102_407_200
    assert document["engines"]["ddr"]["busy_ps"] == 5_557_844_000


def test_set_changes_a_value_and_drops_the_expectations(simres):
    code, out, _ = simres("simulate", "paper", "--set", "hardware.ddr.bandwidth=2 GB/s", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["engines"]["ddr"]["busy_ps"] == 5_557_844_000 // 2
    assert document["expectations"] == []


def test_an_old_name_is_warned_of_in_a_plain_line(simres):
    code, out, err = simres("simulate", "resnet20", "--set", "scheduler=fused")
    assert code == 0
    assert err == (
        "warning: scheduler: `fused` is part of `overlapped` now; write `overlapped`, "
        "without `share` and `stack`; from 0.3 on this is an error\n"
    )
    assert out == simres("simulate", "resnet20", "--set", "scheduler=overlapped")[1]


def test_files_are_written_beside_the_tables(simres, tmp_path):
    code, _, _ = simres(
        "simulate",
        "resnet20",
        "-o",
        tmp_path / "run",
        "--csv",
        tmp_path / "layers.csv",
        "--perfetto",
        tmp_path / "trace.json",
        "--timeline",
    )
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layers.csv", "run", "trace.json"]
    assert len((tmp_path / "layers.csv").read_text().splitlines()) > 70
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    code, out, _ = simres("rerun", tmp_path / "run")
    assert (code, out) == (0, "The same Record again: 1237855080 ps, 132 spans.\n")
    code, out, _ = simres("timeline", tmp_path / "run" / "result.json", "--width", "100")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100


def test_a_missed_expectation_exits_1_with_its_tables(simres, tmp_path):
    text = shipped.scenario("paper").read_text().replace("22102407200 ps", "22 ms")
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(text.replace("workloads/paper.json", str(shipped.workload("paper"))))
    code, out, _ = simres("simulate", scenario)
    assert code == 1
    assert out.startswith("paper, schedule paper: ")
    assert "Expectations  1 of 5 missed" in out


def test_what_does_not_fit_exits_1(simres):
    code, out, err = simres("simulate", "resnet20", "--set", "hardware.sram.capacity=64 B")
    assert (code, out) == (1, "")
    assert "does not fit" in err
    assert "hint:" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", "nothing.yaml"], "no such file: `nothing.yaml`"),
        (["simulate", "papr"], "no scenario `papr`"),
        (["simulate", "."], "`.` is a folder"),
        (["simulate", "resnet20", "--chip", "nope"], "nope"),
        (["simulate", "resnet21", "--chip", "paper"], "no CIFAR network has 21 layers"),
        (["simulate", "resnet50", "--chip", "paper"], "torchvision:resnet50"),
        (["simulate", "paper", "--set", "hardware.ddr.bandwidth"], "PATH=VALUE"),
        (["simulate", "paper", "--set", "hardware.dddr.bandwidth=1 GB/s"], "dddr"),
        (["simulate", "paper", "--set", "hardware.ddr.bandwidth=1"], "bandwidth"),
        (["simulate", "paper", "--set", "hardware.ddr.bandwidth=1e30 GB/s"], "bandwidth"),
        (["simulate", "paper", "--set", "hardware.sram.capacity=-1 MB"], "capacity"),
        (["simulate", "paper", "--report", "nope=x"], "unknown reporter `nope`"),
        (["simulate", "paper", "--csv", "/proc/nope/x.csv"], "cannot write"),
        (["simulate", "paper", "--nope"], "nope"),
        (["simulate"], "SCENARIO"),
        (["timeline", "nothing"], "no scenario `nothing`"),
        (["rerun", "nothing"], "no such result"),
        (["nope"], "nope"),
    ],
)
def test_wrong_input_exits_2_with_a_reason(simres, arguments, message):
    code, out, err = simres(*arguments)
    assert (code, out) == (2, "")
    assert message.lower() in err.lower()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02\xff",
        b"{",
        b"[1,2]",
        b'{"schema_version": 99, "record": {}, "origin": {}}',
        b"a: &a [*a]",
    ],
)
def test_broken_files_exit_2_whatever_they_are_taken_for(simres, tmp_path, content):
    for name, command in (("x.yaml", "simulate"), ("x.json", "rerun"), ("x.json", "timeline")):
        path = tmp_path / name
        path.write_bytes(content)
        code, out, err = simres(command, path)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")


def test_a_result_that_no_longer_gives_the_same_record_exits_1(simres, tmp_path):
    simres("simulate", "paper", "-o", tmp_path)
    path = tmp_path / "result.json"
    document = json.loads(path.read_text())
    document["origin"]["scenario"]["hardware"]["ddr"]["bandwidth"] = "2 GB/s"
    document["origin"]["versions"]["simres"] = "0.0.1"
    path.write_text(json.dumps(document))
    code, _, err = simres("rerun", tmp_path)
    assert code == 1
    assert "the Record differs: 22102407200 ps then, 19323485200 ps now" in err
    assert "simres 0.0.1 then" in err


@pytest.mark.parametrize("group", [(), ("plot",), ("plugins",), ("workload",)])
def test_help_cuts_no_sentence_short(simres, monkeypatch, group):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = simres(*group, "--help")
    listed = out.partition("Commands:\n")[2]
    assert listed
    assert "..." not in listed
    assert max(map(len, out.splitlines())) <= 80


def test_every_command_has_help(simres):
    _, out, _ = simres("--help")
    for name in COMMANDS:
        assert f"  {name.partition(' ')[0]} " in out
        code, text, _ = simres(*name.split(), "--help")
        assert code == 0
        assert "Usage: simres" in text


def test_version(simres):
    code, out, _ = simres("--version")
    assert (code, out.split()[0]) == (0, "simres")


def test_guard_turns_failures_into_codes(capsys, monkeypatch, tmp_path):
    def fail(error):
        def action():
            raise error

        return action

    monkeypatch.delenv("SIMRES_DEBUG", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert guard(lambda: None) == 0
    assert guard(lambda: 1) == 1
    assert guard(fail(SimresError("no", "do this"))) == 2
    assert guard(fail(AnswerIsNo("no"))) == 1
    assert guard(fail(KeyboardInterrupt())) == 130
    assert guard(fail(ZeroDivisionError("oops"))) == 1
    err = capsys.readouterr().err
    assert "error: no\n\nhint: do this" in err
    assert "internal error: ZeroDivisionError: oops" in err
    assert "Traceback" not in err


def test_a_run_that_contradicts_itself_is_an_internal_error_and_its_record_is_kept(
    capsys, monkeypatch, tmp_path
):
    record = Record(RecordLevel.FULL, 5, {}, {}, unfinished=3)

    def contradict():
        raise BrokenInvariant("3 tasks never ended", record)

    monkeypatch.delenv("SIMRES_DEBUG", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert guard(contradict) == 1
    assert "internal error: simres contradicts itself: 3 tasks never ended" in capsys.readouterr().err
    (kept,) = tmp_path.iterdir()
    assert repr(record) in kept.read_text()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert guard(contradict) == 1
    assert "SIMRES_DEBUG=1 shows the traceback" in capsys.readouterr().err


def run(*command: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "COLUMNS": "100"}, **kwargs
    )


def test_a_closed_pipe_is_no_error():
    script = f"{sys.executable} -m simres simulate paper --json | head -c 10; echo ${{PIPESTATUS[0]}}"
    done = run("bash", "-c", script)
    assert done.stdout == '{"schema_v0\n'
    assert done.stderr == ""


def test_a_full_disk_is_an_error_and_not_a_traceback():
    done = run("bash", "-c", f"{sys.executable} -m simres simulate paper > /dev/full")
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error(simres, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = simres("simulate", "paper", "-o", tmp_path / "run")
    assert code == 2
    assert "cannot write" in err


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell closes the streams")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("simulate paper >&-", 0),
        ("simulate paper --json >&-", 0),
        ("simulate nosuch 2>&-", 2),
        ("simulat 2>&-", 2),
        ("--help >&-", 0),
    ],
)
def test_a_closed_stream_is_no_defect(arguments, code):
    done = subprocess.run(
        f'"{sys.executable}" -m simres {arguments}', shell=True, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_help_spells_arguments_as_the_documentation_does(simres):
    for command, usage in {
        "simulate": "SCENARIO",
        "timeline": "RESULT",
        "rerun": "RESULT",
        "validate": "FILE",
        "init": "DIR",
    }.items():
        # Which brackets and dots stand around a name differs between the versions of Typer.
        shown = re.sub(r"[][{}.]", "", simres(command, "--help")[1])
        assert f"simres {command} OPTIONS {usage}\n" in shown


def test_a_chip_is_not_given_for_a_scenario_file(simres, tmp_path):
    simres("init", tmp_path / "mine")
    code, _, err = simres("simulate", tmp_path / "mine" / "scenario.yaml", "--chip", "mcu")
    assert code == 2
    assert "`chip:`" in err


def test_an_unknown_chip_is_named_with_what_was_asked(simres):
    code, _, err = simres("simulate", "resnet20", "--chip", "mcuu")
    assert code == 2
    assert "`resnet20 on mcuu`" in err


def test_what_expect_names_wrongly_is_said_with_its_places(simres, tmp_path):
    simres("init", tmp_path / "mine")
    path = tmp_path / "mine" / "scenario.yaml"
    lines = len(path.read_text(encoding="utf-8").splitlines())
    more = "expect:\n  engines.dd.busy: 3 us\n  makespan: 1 s\n  engines.ddr: 4 us\n  makespan_ps: 1 MB\n"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    code, out, err = simres("simulate", path)
    assert (code, out) == (2, "")
    assert f"  {lines + 2}:20  expect.engines.dd.busy: a result has no `dd` there" in err
    assert f"  {lines + 4}:16  expect.engines.ddr: is not a number in a result" in err
    assert f"  {lines + 5}:16  expect.makespan_ps: its unit is one of duration, not of size" in err


def test_init_writes_the_file_that_is_named_and_another_beside_it(simres, tmp_path):
    for name in ("one.yaml", "two.yml"):
        code, out, err = simres("init", tmp_path / name)
        assert (code, err) == (0, "")
        assert f"simres simulate {tmp_path / name}" in out
        assert simres("validate", tmp_path / name)[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"one.yaml", "two.yml", "schema.json"}
    assert simres("init", tmp_path / "one.yaml")[0] == 2


def test_a_scenario_and_a_result_go_to_stdout_and_come_from_stdin(simres, tmp_path, monkeypatch):
    code, scenario, err = simres("init", "-")
    assert (code, err) == (0, "")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(scenario.encode())))
    code, result, err = simres("simulate", "-", "-o", "-")
    assert (code, err) == (0, "")
    assert json.loads(result)["record"]["level"] == "full"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(result.encode())))
    code, out, err = simres("explain", "-", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["makespan_ps"] == json.loads(result)["makespan_ps"]


def test_init_keeps_letters_of_every_alphabet(simres, tmp_path):
    simres("init", tmp_path / "Größe 芯片")
    written = (tmp_path / "Größe 芯片" / "scenario.yaml").read_text(encoding="utf-8")
    assert 'name: "Größe-芯片"\n' in written


def test_an_empty_or_broken_result_is_said_plainly(simres, tmp_path):
    for text, why in {"": "it is empty", "{": "line 1, column 2", "[" * 100_000: "too deeply nested"}.items():
        (tmp_path / "r.json").write_text(text, encoding="utf-8")
        code, _, err = simres("timeline", tmp_path / "r.json")
        assert code == 2
        assert why in err


def test_a_timeline_of_no_width_is_refused(simres, tmp_path):
    simres("simulate", "resnet20", "-o", tmp_path)
    assert simres("timeline", tmp_path, "--width", 0)[0] == 2


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_an_interrupt_while_the_command_line_loads_shows_no_traceback(tmp_path):
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-m", "simres", "examples"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # some shells have it ignored
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
