"""The public data sets, from their authors' own plain binary files. Nothing is unpickled."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simres.errors import SimresError
from simres.files import opened
from simres.training.archives import files
from simres.training.images import Decoded

CIFAR10 = ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")
"""Address and MD5, as on https://www.cs.toronto.edu/~kriz/cifar.html."""
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR10_IMAGES = 60_000
CIFAR10_RECORD = 1 + 3 * 32 * 32
"""Bytes of an image: its class, then red, green and blue planes."""

FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FASHION_FILES = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
"""Files and MD5s, as on https://github.com/zalandoresearch/fashion-mnist and in torchvision."""
FASHION_DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""The folder of the same four files, recompressed, in Debian's package `dataset-fashion-mnist`."""
FASHION_DEBIAN_FILES = {
    "train-images-idx3-ubyte.gz": "cf8536b0aa1a6ac5fa3f23001093305c",
    "train-labels-idx1-ubyte.gz": "10bea18fdb374794d4bb42e356e600c9",
    "t10k-images-idx3-ubyte.gz": "f78720b4224f21cce2f2ccf2d7a94c9a",
    "t10k-labels-idx1-ubyte.gz": "0d30e22e447f3c33dab9ed536400ac01",
}
"""MD5s of that package's files, version 0.0~git20200523."""
FASHION_CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle-boot",
)
LARGEST = 64 << 20
"""The largest size of a compressed file of Fashion-MNIST in bytes; the largest file has 47 MB."""


def fetch(url: str, folder: Path, md5: str) -> Path:
    """Returns the file of `url` in `folder`, downloaded unless it is already complete there.

    Raises `SimresError`, with the place for a manual copy, when the download fails.
    """
    from torchvision.datasets.utils import check_integrity, download_url

    name = url.rpartition("/")[2]
    path = folder / name
    if check_integrity(str(path), md5):
        return path
    damaged = path.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        download_url(url, str(folder), name, md5)
    except (OSError, RuntimeError) as error:
        reason = f"`{path}` is damaged, and " if damaged else ""
        raise SimresError(
            f"{reason}`{url}` cannot be downloaded: {' '.join(str(error).split())}",
            f"put the file into {folder} yourself (MD5 {md5}), or train on `shapes` or `folder:PATH`",
        ) from error
    return path


def cifar10(folder: Path) -> Decoded:
    """Returns CIFAR-10 from its binary archive in `folder`, downloaded if needed. Raises `SimresError`."""
    return cifar10_from(fetch(CIFAR10[0], folder, CIFAR10[1]))


def cifar10_from(path: Path) -> Decoded:
    """Returns the images of CIFAR-10's binary archive. Raises `SimresError` for another or a damaged one."""
    parts: dict[str, list[NDArray[np.uint8]]] = {"train": [], "test": []}
    named: dict[str, bytes] = {}
    for inside, data in files(path):
        if inside.suffix != ".bin":
            continue
        if not data or len(data) % CIFAR10_RECORD:
            raise SimresError(f"`{path}`: `{inside.name}` is not a file of CIFAR-10 ({len(data)} B)")
        named[inside.name] = data
        if sum(map(len, named.values())) > CIFAR10_IMAGES * CIFAR10_RECORD:
            raise SimresError(f"`{path}` has more images than CIFAR-10 ({CIFAR10_IMAGES})")
    for name in sorted(named):
        records = np.frombuffer(named[name], np.uint8).reshape(-1, CIFAR10_RECORD)
        parts["test" if name.startswith("test") else "train"].append(records)
    made = Decoded()
    for split, found in parts.items():
        if not found:
            raise SimresError(f"`{path}` has no {split} images")
        records = np.concatenate(found)
        if records[:, 0].max() >= len(CIFAR10_CLASSES):
            raise SimresError(f"`{path}` has a label above the {len(CIFAR10_CLASSES)} classes of CIFAR-10")
        made.labels[split] = records[:, 0].astype(np.int64)
        planes = records[:, 1:].reshape(-1, 3, 32, 32)
        made.images[split] = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return made


def fashion_mnist(folder: Path) -> Decoded:
    """Returns Fashion-MNIST from its four files: in `folder`, else from Debian's package, else downloaded.

    Raises `SimresError`.
    """
    made = Decoded()
    for split, prefix in (("train", "train"), ("test", "t10k")):
        names = [name for name in FASHION_FILES if name.startswith(prefix)]
        images, labels = (idx_from(_fashion_file(name, folder)) for name in names)
        if images.ndim != 3 or labels.shape != images.shape[:1] or labels.max() >= len(FASHION_CLASSES):
            raise SimresError(f"`{folder}`: the {split} images and labels do not match")
        made.images[split], made.labels[split] = images[..., None], labels.astype(np.int64)
    return made


def _fashion_file(name: str, folder: Path) -> Path:
    from torchvision.datasets.utils import check_integrity

    packaged = FASHION_DEBIAN / name
    if not (folder / name).exists() and check_integrity(str(packaged), FASHION_DEBIAN_FILES[name]):
        return packaged
    return fetch(FASHION + name, folder, FASHION_FILES[name])


def idx_from(path: Path) -> NDArray[np.uint8]:
    """Returns an array of bytes from a gzipped file in the IDX format (http://yann.lecun.com/exdb/mnist/).

    Raises `SimresError` for a file that is damaged, truncated or not such an array.
    """
    try:
        with opened(path, "data set") as file, gzip.open(file) as stream:
            data = stream.read(LARGEST)
        zero, kind, dimensions = struct.unpack(">HBB", data[:4])
        shape = struct.unpack(f">{dimensions}I", data[4 : 4 + 4 * dimensions])
        if zero or kind != 8:
            raise ValueError(f"data type {kind}")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise SimresError(f"`{path}` is damaged or truncated: {error}", "delete it and try again") from error
