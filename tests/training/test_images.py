"""Trees of images, right and wrong."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simres.errors import SimresError
from simres.training.images import decode, listing
from tests.support.training_data import picture, png, tarball, tree


def refused(root: Path, size: int | None = None) -> str:
    with pytest.raises(SimresError) as raised:
        decode(root, size)
    return f"{raised.value.message}\n{raised.value.hint}"


def test_a_tree_becomes_arrays_class_by_class(tmp_path: Path) -> None:
    found, made = decode(tree(tmp_path, classes=3, train=5, test=2))
    assert found.classes == ("a", "b", "c")
    assert made.images["train"].shape == (15, 12, 12, 3)
    assert made.labels["train"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert made.labels["test"].tolist() == [0, 0, 1, 1, 2, 2]
    assert np.array_equal(made.images["train"][5], np.asarray(picture(1, 0)))


def test_an_archive_gives_the_same_as_its_folder_in_whatever_order_it_is(tmp_path: Path) -> None:
    _, plain = decode(tree(tmp_path / "tree"))
    members = [
        (f"wrapped/{path.relative_to(tmp_path / 'tree')}", path.read_bytes())
        for path in sorted((tmp_path / "tree").rglob("*.png"), reverse=True)
    ]
    _, packed = decode(tarball(tmp_path / "x.tar.gz", members))
    for split in ("train", "test"):
        assert np.array_equal(plain.images[split], packed.images[split])
        assert np.array_equal(plain.labels[split], packed.labels[split])


def test_without_a_test_folder_every_fifth_image_is_kept_for_it(tmp_path: Path) -> None:
    tree(tmp_path, classes=2, train=10, test=0)
    (tmp_path / "test" / "a").rmdir()
    (tmp_path / "test" / "b").rmdir()
    (tmp_path / "test").rmdir()
    found = listing(tmp_path / "train")
    assert (found.count("train"), found.count("test")) == (16, 4)


def test_grey_stays_grey_only_where_all_are(tmp_path: Path) -> None:
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(6):
            (tmp_path / label / f"{number}.png").write_bytes(png(picture(0, number, mode="L")))
    assert decode(tmp_path)[1].images["train"].shape == (10, 12, 12, 1)
    (tmp_path / "b" / "5.png").write_bytes(png(picture(0, 5)))
    made = decode(tmp_path)[1].images["train"]
    assert made.shape == (10, 12, 12, 3)
    assert np.array_equal(made[0, ..., 0], made[0, ..., 1])


def test_opaque_rgba_and_palettes_are_taken_and_transparent_ones_named(tmp_path: Path) -> None:
    root = tree(tmp_path)
    plain = decode(root)[1].images["train"]
    for mode in ("RGBA", "P"):
        (root / "train" / "a" / "0.png").write_bytes(png(picture(0, 0).convert(mode)))
        if mode == "RGBA":
            assert np.array_equal(decode(root)[1].images["train"], plain)
        assert decode(root)[1].images["train"].shape == plain.shape
    clear = picture(0, 0).convert("RGBA")
    clear.putpixel((3, 3), (0, 0, 0, 100))
    (root / "train" / "a" / "0.png").write_bytes(png(clear))
    message = refused(root)
    assert "train/a/0.png: partly transparent" in message


def test_sixteen_bits_are_refused_by_name(tmp_path: Path) -> None:
    root = tree(tmp_path)
    deep = Image.fromarray(np.full((12, 12), 40_000, np.uint16))
    (root / "train" / "b" / "3.png").write_bytes(png(deep))
    assert "train/b/3.png: more than 8 bits per channel" in refused(root)


def test_corrupt_images_are_all_named(tmp_path: Path) -> None:
    root = tree(tmp_path)
    jpeg = io.BytesIO()
    picture(0, 0, 64).save(jpeg, format="JPEG")
    for name, data in (
        ("0.png", b""),
        ("1.png", png(picture(0, 1))[:60]),
        ("2.png", b"<html>not found</html>"),
        ("3.jpg", jpeg.getvalue()[:300]),
    ):
        (root / "train" / "a" / name).write_bytes(data)
    message = refused(root)
    assert "4 of 67 images cannot be used" in message
    for name in ("0.png", "1.png", "2.png", "3.jpg"):
        assert re.search(rf"train/a/{name}: (not an image|damaged: )", message)


def test_images_of_several_sizes_need_one_to_be_said(tmp_path: Path) -> None:
    root = tree(tmp_path)
    (root / "test" / "a" / "1.png").write_bytes(png(picture(0, 0, 20)))
    message = refused(root)
    assert "images of 2 sizes: `test/a/0.png` is 12 x 12 pixels, `test/a/1.png` is 20 x 20" in message
    assert "`--size 12`" in message
    assert decode(root, 16)[1].images["test"].shape[1:] == (16, 16, 3)


def test_what_makes_no_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "has no images" in refused(tmp_path / "empty")

    root = tree(tmp_path / "hollow")
    (root / "train" / "d").mkdir()
    assert "class folder `train/d` has no images" in refused(root)
    (root / "train" / "d" / "notes.txt").write_text("none yet")
    assert "class folder `train/d` has no images" in refused(root)

    assert "only one class, `a`" in refused(tree(tmp_path / "one", classes=1))

    root = tree(tmp_path / "other")
    (root / "test" / "c").rename(root / "test" / "z")
    assert "class `c` is in only one of train and test" in refused(root)

    root = tree(tmp_path / "loose", classes=2)
    (root / "train" / "x.png").write_bytes(png(picture(0, 0)))
    assert "`train/x.png` is not in a class folder" in refused(root)

    root = tree(tmp_path / "untrained")
    for path in sorted((root / "train").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (root / "train").rmdir()
    assert "but no training images" in refused(root)


def test_a_huge_picture_in_a_small_file_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path)
    (root / "train" / "a" / "0.png").write_bytes(png(Image.new("1", (5000, 5000))))
    assert "5000 x 5000 pixels exceed the limit" in refused(root)


def test_only_formats_that_start_no_other_program_are_read(tmp_path: Path) -> None:
    """Pillow hands PostScript to Ghostscript, whatever the file is called."""
    eps = io.BytesIO()
    picture(0, 0).save(eps, format="EPS")
    assert Image.open(io.BytesIO(eps.getvalue())).format == "EPS"
    root = tree(tmp_path, classes=2, train=1, test=1)
    (root / "train" / "a" / "0.png").write_bytes(eps.getvalue())
    assert "train/a/0.png: not an image" in refused(root)


def test_images_that_grow_beyond_all_reason_are_refused(tmp_path: Path) -> None:
    whole = png(Image.new("RGB", (4000, 4000)))
    members = [(f"{split}/{name}/0.png", whole) for split in ("train", "test") for name in "abcdefghij"]
    said = refused(tarball(tmp_path / "x.tar.gz", members))
    assert "20 images of 4000 x 4000 pixels take 960000000 B" in said
    assert "--size" in said
