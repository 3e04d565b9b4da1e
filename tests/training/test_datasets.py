"""Data sets: decoded once, found again, refused where they are damaged."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from simres.errors import SimresError
from simres.training import datasets, downloads
from simres.training import generated_shapes as shapes
from simres.training.datasets import open_dataset
from tests.support.training_data import tarball, tree


def test_decoded_once_and_then_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path / "tree")
    first = open_dataset(f"folder:{root}", cache=tmp_path / "cache")
    monkeypatch.setattr(datasets, "_decode", None)
    again = open_dataset(f"folder:{root}", cache=tmp_path / "cache")
    assert again.about == first.about
    assert isinstance(again.train_images, np.memmap)
    assert np.array_equal(first.train_images, again.train_images)
    pixels = first.train_images / 255
    assert first.about.mean == pytest.approx(tuple(pixels.mean((0, 1, 2))))
    assert first.about.deviation == pytest.approx(tuple(pixels.std((0, 1, 2))))
    assert str(tmp_path) not in first.about.name


def test_the_digest_is_of_the_pixels_wherever_they_lie(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree")
    members = [(str(p.relative_to(root)), p.read_bytes()) for p in root.rglob("*.png")]
    packed = tarball(tmp_path / "x.tar.gz", members)
    digests = {
        open_dataset(f"folder:{path}", cache=tmp_path / "cache").about.digest for path in (root, packed)
    }
    assert len(digests) == 1
    (root / "train" / "a" / "0.png").write_bytes((root / "train" / "a" / "1.png").read_bytes())
    digests.add(open_dataset(f"folder:{root}", cache=tmp_path / "cache").about.digest)
    assert len(digests) == 2


@pytest.mark.parametrize("file", ["about.json", "train-images.npy", "test-labels.npy"])
@pytest.mark.parametrize("damage", ["gone", "cut", "empty"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, file: str, damage: str) -> None:
    root = tree(tmp_path / "tree")
    first = open_dataset(f"folder:{root}", cache=tmp_path / "cache").about
    path = next((tmp_path / "cache").rglob(file))
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else -7])
    again = open_dataset(f"folder:{root}", cache=tmp_path / "cache")
    assert again.about == first
    assert len(again.train_images) == first.train


def test_a_cache_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(tmp_path / "tree")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(SimresError, match="No space left on device"):
        open_dataset(f"folder:{root}", cache=tmp_path / "cache")
    assert list((tmp_path / "cache" / "datasets").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("cifar", "unknown data set `cifar`", "cifar10"),
        ("folder:", "needs a path", None),
        ("folder:/no/such/place", "no such folder or archive", None),
        ("/tmp", "unknown data set", "folder:/tmp"),
    ],
)
def test_names_that_mean_nothing(tmp_path: Path, name: str, message: str, hint: str | None) -> None:
    with pytest.raises(SimresError, match=message) as raised:
        open_dataset(name, cache=tmp_path)
    assert hint is None or hint in str(raised.value.hint)


def test_shapes_are_balanced_and_the_same_every_time(tmp_path: Path) -> None:
    images, labels = shapes.draw(200, 0)
    again, _ = shapes.draw(200, 0)
    other, _ = shapes.draw(200, 1)
    assert np.array_equal(images, again)
    assert not np.array_equal(images, other)
    assert np.bincount(labels).tolist() == [20] * 10


def _fake_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: int = 0) -> np.ndarray:
    random = np.random.default_rng(0)
    records = random.integers(0, 256, (60, downloads.CIFAR10_RECORD), np.uint8)
    records[:, 0] %= 10
    folder = tmp_path / "downloads"
    folder.mkdir()
    members = [
        (f"cifar-10-batches-bin/data_batch_{n + 1}.bin", records[n * 10 : n * 10 + 10]) for n in range(5)
    ]
    members.append(("cifar-10-batches-bin/test_batch.bin", records[50:]))
    path = tarball(
        folder / "cifar-10-binary.tar.gz",
        [(name, data.tobytes()[: len(data.tobytes()) - damage]) for name, data in members],
    )
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(downloads, "CIFAR10", (downloads.CIFAR10[0], md5))
    return records


@pytest.mark.torch
def test_cifar10_is_read_from_its_binary_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchvision")
    records = _fake_cifar(tmp_path, monkeypatch)
    found = open_dataset("cifar10", cache=tmp_path)
    assert found.about.input == "3x32x32"
    assert found.train_labels.tolist() == records[:50, 0].tolist()
    row, column, channel = 3, 7, 2
    at = 1 + channel * 1024 + row * 32 + column
    assert found.test_images[4, row, column, channel] == records[54, at]


@pytest.mark.torch
def test_a_wrong_download_is_refused_with_where_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    utils = pytest.importorskip("torchvision.datasets.utils")

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(utils, "download_url", offline)
    with pytest.raises(SimresError, match="cannot be downloaded: no network") as raised:
        open_dataset("cifar10", cache=tmp_path)
    assert str(tmp_path / "downloads") in str(raised.value.hint)
    (tmp_path / "downloads").mkdir(exist_ok=True)
    (tmp_path / "downloads" / "cifar-10-binary.tar.gz").write_bytes(b"half a file")
    with pytest.raises(SimresError, match="is damaged, and"):
        open_dataset("cifar10", cache=tmp_path)


@pytest.mark.torch
def test_records_cut_short_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchvision")
    _fake_cifar(tmp_path, monkeypatch, damage=5)
    with pytest.raises(SimresError, match="not a file of CIFAR-10"):
        open_dataset("cifar10", cache=tmp_path)


@pytest.mark.torch
@pytest.mark.parametrize("packaged", [False, True])
def test_fashion_mnist_is_grey_and_read_from_idx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packaged: bool
) -> None:
    """From the cache, or from where Debian's package puts it."""
    pytest.importorskip("torchvision")
    folder = tmp_path / ("debian" if packaged else "downloads/fashion-mnist")
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    arrays = {}
    for prefix, count in (("train", 30), ("t10k", 12)):
        arrays[f"{prefix}-images-idx3-ubyte.gz"] = random.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{prefix}-labels-idx1-ubyte.gz"] = random.integers(0, 10, count, np.uint8)
    md5s = {}
    for name, array in arrays.items():
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (folder / name).write_bytes(gzip.compress(head + array.tobytes()))
        md5s[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(downloads, "FASHION_DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(downloads, "FASHION_DEBIAN_FILES" if packaged else "FASHION_FILES", md5s)
    found = open_dataset("fashion-mnist", cache=tmp_path)
    assert found.about.input == "1x28x28"
    assert np.array_equal(found.test_images[..., 0], arrays["t10k-images-idx3-ubyte.gz"])
    assert open_dataset("fashion-mnist", cache=tmp_path, size=32).about.input == "1x32x32"


@pytest.mark.torch
@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("test_batch.bin", b"")], "not a file of CIFAR-10"),
        ([("data_batch_1.bin", bytes(3072))], "not a file of CIFAR-10"),
        ([("data_batch_1.bin", bytes(3073))], "no test images"),
        ([("data_batch_1.bin", bytes(3073)), ("test_batch.bin", b"\xff" * 3073)], "a label above the 10"),
        ([(f"data_batch_{n}.bin", bytes(20_000 * 3073)) for n in range(4)], "more images than CIFAR-10"),
    ],
)
def test_other_archives_are_not_cifar10(
    tmp_path: Path, members: list[tuple[str, bytes]], message: str
) -> None:
    path = tarball(tmp_path / "cifar-10-binary.tar.gz", members)
    with pytest.raises(SimresError, match=message):
        downloads.cifar10_from(path)


@pytest.mark.torch
@pytest.mark.parametrize(
    "changes",
    [
        {"shape": 3},
        {"shape": [12, 12]},
        {"classes": None},
        {"classes": ["a"]},
        {"mean": [0.5]},
        {"deviation": ["x", "y", "z"]},
        {"train": 10**30},
        {"digest": []},
    ],
)
def test_a_cache_that_says_what_it_is_not_counts_as_none(tmp_path: Path, changes: dict[str, object]) -> None:
    open_dataset(f"folder:{tree(tmp_path / 'tree')}", cache=tmp_path / "cache")
    (folder,) = (tmp_path / "cache" / "datasets").iterdir()
    assert datasets.opened(folder) is not None
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    for text in (json.dumps(about | changes), "[]", "[" * 100_000):
        (folder / "about.json").write_text(text, encoding="utf-8")
        assert datasets.opened(folder) is None
