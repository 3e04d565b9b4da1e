"""Batches: functions of the seed and the step, the same however they are shared out."""

# ruff: noqa: E402
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from simres.training.augment import Batches, seed_of
from simres.training.recipe import Flip, Recipe

pytestmark = pytest.mark.torch

COUNT, HEIGHT, WIDTH = 24, 9, 7
WHOLE = slice(None)


def batches(**changes: object) -> Batches:
    recipe = Recipe(**{"epochs": 1, "lr": 0.1, "batch": 8, "crop": 2, **changes})
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(1, 256, (COUNT, HEIGHT, WIDTH, 3), generator=generator, dtype=torch.uint8)
    # With mean 0 and deviation 1/255, normalised pixels are the bytes themselves.
    return Batches(images, torch.arange(COUNT) % 5, (0.0,) * 3, (1 / 255,) * 3, recipe)


def test_plain_batches_are_normalised_pixels_with_channels_first() -> None:
    made = batches()
    made = Batches(made.images, made.labels, (0.5, 0.25, 0.0), (0.1, 0.2, 0.3), made.recipe)
    x, labels = made.plain(3, 6)
    expected = (made.images[3:6].permute(0, 3, 1, 2) / 255 - torch.tensor([0.5, 0.25, 0]).view(3, 1, 1)) / (
        torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)
    )
    torch.testing.assert_close(x, expected)
    assert labels.tolist() == [3, 4, 0]
    assert x.is_contiguous(memory_format=torch.channels_last)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10), st.integers(0, 1000), st.integers(0, 3), st.sampled_from(list(Flip)))
def test_an_augmented_image_is_a_window_of_the_padded_one_or_of_its_mirror_image(
    seed: int, step: int, crop: int, flip: Flip
) -> None:
    made = batches(seed=seed, crop=crop, flip=flip)
    rows = torch.arange(COUNT)
    x, labels = made.augmented(rows, epoch=step % 7, step=step, part=WHOLE)
    assert torch.equal(labels, made.labels)
    for number in range(COUNT):
        image = made.images[number].float().permute(2, 0, 1)
        padded = torch.nn.functional.pad(image, (crop,) * 4)
        windows = [
            side[:, top : top + HEIGHT, left : left + WIDTH]
            for side in (padded, padded.flip(2))
            for top in range(2 * crop + 1)
            for left in range(2 * crop + 1)
        ]
        assert any(torch.allclose(x[number], window, atol=1e-3) for window in windows)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 5), st.integers(0, 500), st.integers(1, 4))
def test_processes_together_see_what_one_alone_would(seed: int, step: int, processes: int) -> None:
    made = batches(seed=seed, cutout=3, flip="random")
    rows = made.order(2)[:12]
    whole, labels = made.augmented(rows, 2, step, WHOLE)
    for rank in range(processes):
        part, own = made.augmented(rows, 2, step, slice(rank, len(rows), processes))
        assert torch.equal(part, whole[rank::processes])
        assert torch.equal(own, labels[rank::processes])


def test_alternating_flips_show_each_image_both_ways_in_two_epochs() -> None:
    made = batches(crop=0, flip="alternating")
    rows = torch.arange(COUNT)
    first, _ = made.augmented(rows, 0, 0, WHOLE)
    second, _ = made.augmented(rows, 1, 1, WHOLE)
    third, _ = made.augmented(rows, 2, 2, WHOLE)
    assert torch.equal(second, first.flip(3))
    assert torch.equal(third, first)
    plain, _ = made.plain(0, COUNT)
    mirrored = sum(not torch.equal(first[n], plain[n]) for n in range(COUNT))
    assert 0 < mirrored < COUNT


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10), st.integers(0, 12))
def test_reflected_windows_are_those_of_the_image_mirrored_at_its_edges(seed: int, crop: int) -> None:
    made = batches(seed=seed, crop=crop, flip="none", padding="reflect")
    x, _ = made.augmented(torch.arange(COUNT), epoch=0, step=seed, part=WHOLE)
    for number in range(COUNT):
        image = made.images[number].numpy()
        padded = np.pad(image, ((crop, crop), (crop, crop), (0, 0)), mode="reflect").transpose(2, 0, 1)
        assert any(
            np.allclose(x[number], padded[:, top : top + HEIGHT, left : left + WIDTH], atol=1e-3)
            for top in range(2 * crop + 1)
            for left in range(2 * crop + 1)
        )


def test_whole_images_are_neither_cropped_nor_blanked() -> None:
    made = batches(cutout=4, flip="none", uncropped=1, epochs=2)
    rows = torch.arange(len(made))
    changed, _ = made.augmented(rows, 0, 0, slice(None))
    whole, _ = made.augmented(rows, 1, 1, slice(None))
    plain, _ = made.plain(0, len(made))
    assert torch.equal(whole, plain)
    assert not torch.equal(changed, plain)


def test_cutout_blanks_one_square_of_its_side_and_no_more() -> None:
    made = batches(crop=0, flip="none", cutout=4)
    x, _ = made.augmented(torch.arange(COUNT), 0, 0, WHOLE)
    blank = (x == 0).all(1)
    assert blank.any(2).any(1).all()
    assert blank.sum((1, 2)).max() <= 16
    kept, _ = made.plain(0, COUNT)
    assert torch.equal(x[~blank[:, None].expand_as(x)], kept[~blank[:, None].expand_as(x)])


def test_every_epoch_is_a_permutation_of_its_own() -> None:
    made = batches()
    orders = [made.order(epoch).tolist() for epoch in range(4)]
    assert all(sorted(order) == list(range(COUNT)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert made.order(2).tolist() == orders[2]


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=4), st.lists(st.integers(0, 50), min_size=1, max_size=4)
)
def test_seeds_differ_where_numbers_do(one: list[int], other: list[int]) -> None:
    assert (seed_of(*one) == seed_of(*other)) == (one == other)
    assert 0 <= seed_of(*one) < 2**63
