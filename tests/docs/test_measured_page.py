"""The section on measured chips: what needs no data is as the code says, and the rest follows from rows."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from simres.scenario import shipped

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "validation.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Measured chips\n", 1)[1].split("\n## ", 1)[0]


@pytest.fixture
def modules(monkeypatch):
    for package in ("simres_dram", "simres_systolic", "simres_utilisation"):
        pytest.importorskip(package)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    names = "data_sets", "measured", "measured_page", "scatter", "schedulers", "silicon", "tiny", "tiny_sets"
    return SimpleNamespace(**{name: importlib.import_module(name) for name in (*names, "validation")})


def test_the_page_says_of_each_set_what_the_code_says(modules):
    assert modules.measured_page.INTRODUCTION in SECTION
    for about in modules.data_sets.EVERY:
        _, own = SECTION.split(f"### {about.title}\n", 1)
        own = own.split("\n### ", 1)[0]
        assert about.timed in own
        assert about.wrong in own
        assert f"One rate: {about.rule}." in own
        (row,) = re.findall(rf"^\| {re.escape(about.title)} \|(.+)\|$", SECTION, re.MULTILINE)
        assert re.match(r" \d+ \|( \d+\.\d % \|){4}", row + "|")
        assert row.endswith(f"| {about.fitted} ") if about.fitted else row.count("|") == 4


def test_the_page_has_no_set_that_the_code_has_not(modules):
    titles = re.findall(r"^### (.+)$", SECTION, re.MULTILINE)
    assert titles == [*(about.title for about in modules.data_sets.EVERY), "Known errors of chips"]


def test_the_picture_is_there_and_small():
    assert "(images/measured.png)" in SECTION
    picture = (DOCS / "images" / "measured.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 500_000


def test_chips_say_the_errors_that_the_page_says(modules):
    said = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", SECTION, re.MULTILINE))
    files = [path for folder in modules.measured_page.CHIPS for path in sorted(folder.glob("*.yaml"))]
    noted = {path.stem: shipped.known_error(path) for path in files if shipped.known_error(path)}
    assert noted == said
    assert len(said) >= 15


def rows(modules, *pairs):
    return [
        modules.measured.Row(f"row {n}", "", measured, simulated, amount, "eyeriss")
        for n, (measured, simulated, amount) in enumerate(pairs)
    ]


def test_one_rate_has_the_least_mean_error(modules):
    """Amounts of 10, 20 and 30 in 1, 2 and 6: at 10 a second two rows are exact and the third is half."""
    ruled = modules.measured.by_one_rate(rows(modules, (1, 9, 10), (2, 9, 20), (6, 9, 30)))
    assert [row.simulated for row in ruled] == [1, 2, 3]
    assert modules.measured.errors(ruled) == (3, pytest.approx(1 / 6), 0)


def test_a_section_is_made_of_rows(modules):
    about = modules.data_sets.EYERISS_PROCESSING
    found = modules.measured.found(about, rows(modules, (1, 1.1, 10), (2, 1.8, 20)))
    fitted = modules.measured.found(modules.data_sets.TPU_PRODUCTS, rows(modules, (1, 1.5, 10)))
    text = "\n".join(modules.measured_page.text([found, fitted]))
    assert f"| {about.title} | 2 | 10.0 % | 10.0 % | 0.0 % | 0.0 % |" in text
    assert "| `eyeriss` | mean 10 % on 2 layers of AlexNet (processing), 50 % on 1 products (four " in text


def test_a_chip_s_file_gets_its_error_and_keeps_the_rest(modules, monkeypatch, tmp_path):
    monkeypatch.setattr(modules.measured_page, "CHIPS", (tmp_path / "core", tmp_path / "plugin"))
    (tmp_path / "plugin").mkdir()
    chip = tmp_path / "plugin" / "mine.yaml"
    chip.write_text("description: mine\n\nhardware:\n  ddr: {}\n")
    modules.measured_page.note({"mine": "mean 9 % on 3 rows"})
    first = "description: mine\nvalidated: mean 9 % on 3 rows\n\nhardware:\n  ddr: {}\n"
    assert chip.read_text() == first
    modules.measured_page.note({"mine": "mean 8 % on 4 rows"})
    assert chip.read_text() == first.replace("9 % on 3", "8 % on 4")


def test_rows_that_were_read_wrongly_are_noticed(modules, tmp_path):
    about = modules.data_sets.GEMMINI
    found = [modules.measured.found(about, rows(modules, (1, 1, 10), (2, 2, 10)))]
    modules.measured_page.check(found, tmp_path)
    stated = "data_set,baseline,mean_abs_error_percent\nGemmini RTL,MACs at one fitted rate,{}\n"
    (tmp_path / "baselines.csv").write_text(stated.format(25.0))
    modules.measured_page.check(found, tmp_path)
    (tmp_path / "baselines.csv").write_text(stated.format(7.1))
    with pytest.raises(SystemExit, match=r"25\.0 % off, 7\.1 % by"):
        modules.measured_page.check(found, tmp_path)


def test_it_draws_a_panel_a_set(modules, tmp_path):
    pytest.importorskip("vl_convert")
    found = modules.measured.found(modules.data_sets.GEMMINI, rows(modules, (1, 1.2, 10), (300, 250, 10)))
    modules.scatter.draw([found], tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_without_data_the_section_stays_as_it_is(modules):
    assert modules.validation.page({"measured"}, PAGE) == PAGE
    with pytest.raises(SystemExit, match="--data DIR"):
        modules.validation.page({"measured"}, PAGE.replace("## Measured chips", "## Others"))


def test_energy_comes_from_other_systems_of_the_board(modules):
    """25 mA through a linear regulator: twice the energy at twice the supply."""
    one, two = (
        modules.tiny.Row(
            name, "nucleo-l4r5zi", "Cortex-M4", "a", "ic", "tiny:ic", 100.0, 120.0, True, "NUCLEO-L4R5ZI",
            f"Operating at {volts}V", 25.0 * volts * 100, 100.0,
        )
        for name, volts in (("first", 1.5), ("second", 3.0))
    )  # fmt: skip
    found = list(modules.tiny_sets.energy([modules.tiny.Error(one, 110.0), modules.tiny.Error(two, 90.0)]))
    assert [row.error for row in found] == pytest.approx([0.1, -0.1])


def test_layouts_pad_the_axis_that_costs_least(modules):
    assert modules.silicon.laid_out([64, 192, 32, 96]) == (64, 256, 32, 96)
    assert modules.silicon.laid_out([64, 192, 128, 96]) == (64, 192, 128, 96)
    assert modules.silicon.laid_out([300]) == (300,)


@pytest.mark.parametrize(
    ("name", "nbytes"),
    [("two convolutions", 1_900_544), ("residual block", 1_901_056), ("stage of two blocks", 2_196_480)],
)
def test_parts_of_a_network_move_what_they_must_and_the_page_says_so(modules, name, nbytes):
    (case,) = [case for case in modules.schedulers.CASES if case.network == name]
    ours = modules.schedulers.simulated(case)
    assert ours.nbytes == nbytes
    assert f"| {name} | 1 | {case.said} | {case.theirs_ms:.3f} ms | {ours.ps / 1e9:.3f} ms |" in PAGE


def test_operators_that_nobody_knows_are_said_to_be_left_out(modules, tmp_path, capsys):
    (tmp_path / "tpu_v4_operators.csv").write_text(
        "operator,family,shape,dtype_out,program_median_us\n"
        "relu,elementwise,1024x384,float16,5.840669\nconjure,elementwise,8,float16,1.0\n"
    )
    (found,) = modules.silicon.operators(tmp_path)
    assert [row.name for row in found.rows] == ["relu 1024x384"]
    assert abs(found.rows[0].error) < 0.05
    assert "conjure" in capsys.readouterr().err


def test_a_folder_without_the_file_is_named(modules, tmp_path):
    with pytest.raises(SystemExit, match=r"no `gemmini_rtl_gemm\.csv` in"):
        list(modules.silicon.gemmini(tmp_path))
