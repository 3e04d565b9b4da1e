"""Recipes: learning rates by formula, and every wrong value named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import InvalidFile, SimresError
from simres.networks.variant import Variant
from simres.training.recipe import RECIPES, LearningRateSchedule, Recipe, recipe
from simres.training.training_run import TrainingRun, closest, run_from, settings


@given(
    st.integers(1, 200), st.integers(1, 30), st.floats(0.05, 1), st.integers(1, 50), st.integers(0, 10_000)
)
def test_step_decay_is_the_paper_s_formula(
    epochs: int, epochs_drop: int, drop: float, per_epoch: int, step: int
) -> None:
    step = step % (epochs * per_epoch)
    made = recipe("paper", {"epochs": epochs, "epochs_drop": epochs_drop, "drop": drop})
    epoch = step // per_epoch
    assert made.lr * made.rate(step, per_epoch) == pytest.approx(0.1 * drop ** (epoch // epochs_drop))


def test_he2015_drops_tenfold_at_half_and_three_quarters() -> None:
    made = recipe("he2015")
    rates = [made.lr * made.rate(epoch * 390, 390) for epoch in (0, 81, 82, 122, 123, 163)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    # 64k steps of 128 images are 164 epochs of 50,000, and the drops are at 32k and 48k.
    assert pytest.approx(32_000, rel=0.01) == 82 * 390
    assert pytest.approx(48_000, rel=0.01) == 123 * 390


@given(st.integers(1, 40), st.integers(1, 60), st.floats(0, 0.9))
def test_one_cycle_rises_once_then_falls_and_never_leaves_0_to_1(
    epochs: int, per_epoch: int, warmup: float
) -> None:
    made = Recipe(epochs=epochs, lr=1.0, schedule=LearningRateSchedule.ONE_CYCLE, warmup=warmup)
    rates = [made.rate(step, per_epoch) for step in range(epochs * per_epoch)]
    assert all(0 < rate <= 1 for rate in rates)
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_one_and_survives_being_written(name: str) -> None:
    made = recipe(name)
    assert closest(made) == name
    assert settings(made) == []
    run = TrainingRun(Variant("resnet20", classes=10, removed=("layers.1",)), made, "shapes", "sha256:0", 32)
    assert run_from(run.document(), "here") == run


def test_values_are_changed_as_typed() -> None:
    made = recipe(
        "fast", {"lr": "1e-2", "nesterov": "false", "milestones": "[3, 5]", "flip": "none", "epochs": "2"}
    )
    assert (made.lr, made.nesterov, made.milestones, made.flip, made.epochs) == (
        0.01,
        False,
        (3, 5),
        "none",
        2,
    )
    assert "--set lr=0.01" in settings(made)
    assert recipe(closest(made), dict(item[6:].split("=", 1) for item in settings(made))) == made


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("fst", {}, "unknown recipe `fst`"),
        ("fast", {"learning": "1"}, "a recipe has no `learning`"),
        ("fast", {"epochs": "0"}, "epochs: .*greater than or equal to 1"),
        ("fast", {"lr": "nan"}, "lr: .*finite"),
        ("fast", {"lr": "high"}, "lr: .*number"),
        ("fast", {"momentum": "1"}, "momentum: .*less than 1"),
        ("fast", {"momentum": "0"}, "nesterov requires a momentum"),
        ("fast", {"milestones": "[5, 3]"}, "ascending"),
        ("fast", {"schedule": "cosine"}, "schedule"),
    ],
)
def test_wrong_values_are_named(name: str, changes: dict[str, str], message: str) -> None:
    with pytest.raises(SimresError, match=message):
        recipe(name, changes)


def test_a_file_may_start_from_a_recipe_and_says_where_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: he2015\nepochs: 10\nmilestones: [5, 8]\n")
    made = recipe(path, {"seed": 3})
    assert (made.lr, made.epochs, made.milestones, made.seed) == (0.1, 10, (5, 8), 3)

    path.write_text("extends: he2015\nepochs: 10\nlearning_rate: 3\n")
    with pytest.raises(InvalidFile, match=r"3:1 +a recipe has no `learning_rate`"):
        recipe(path)
    path.write_text("extends: he2015\nbatch: -1\n")
    with pytest.raises(InvalidFile, match=r"2:8 +batch"):
        recipe(path)
    path.write_text("extends: [fast]\n")
    with pytest.raises(InvalidFile, match="extends: must be one of"):
        recipe(path)
    path.write_text("epochs: 3\n")
    with pytest.raises(InvalidFile, match="lr: field required"):
        recipe(path)


@pytest.mark.parametrize("text", ["9" * 5000, "2001-99-99", "[" * 3000, "&a [*a]", "\x00", "!!python/name:x"])
def test_nothing_typed_is_more_than_a_wrong_value(text: str) -> None:
    for name in ("lr", "milestones", "flip"):
        with pytest.raises(SimresError, match=f"{name}|recipe"):
            recipe("fast", {name: text})


@pytest.mark.parametrize(
    "change",
    [
        {"network": {"network": 5}},
        {"network": {"network": "resnet8", "classes": "ten"}},
        {"network": {"network": "resnet8", "removed": [1]}},
        {"network": {"network": "resnet8", "mystery": 1}},
        {"network": []},
        {"data": {"name": "x"}},
        {"data": {"name": "x", "digest": None}},
        {"data": {"name": "x", "digest": "y", "size": "8"}},
        {"recipe": {"epochs": -1}},
    ],
)
def test_what_describes_no_run_is_refused(change: dict[str, object]) -> None:
    document = TrainingRun(Variant("resnet8"), recipe("fast"), "shapes", "sha256:0").document()
    with pytest.raises(SimresError, match="x does not describe a training run") as raised:
        run_from(document | change, "x")
    assert "pydantic" not in raised.value.message
