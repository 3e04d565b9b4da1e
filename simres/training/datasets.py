"""Data sets by name, decoded once into memory-mapped arrays. Nothing here imports torch.

`cifar10` and `fashion-mnist` are downloaded where there is a network, `folder:PATH` is a class-per-folder
tree or an archive of one, `shapes` is made by a formula.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simres.errors import SimresError

if TYPE_CHECKING:
    from simres.training.images import Decoded, Progress

NAMES = ("cifar10", "fashion-mnist", "shapes")
FORMAT = 1
"""Version of the cache's layout; part of the key."""
SIZES = range(8, 1025)


@dataclass(frozen=True)
class About:
    """What a data set is: `digest` is of all pixels, labels and class names, in order.

    `name` has no folders in it, so that it says nothing about a person's disk.

    `mean` and `deviation` are of the training images, a channel each, on a scale from 0 to 1.
    """

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train: int
    test: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    digest: str

    @property
    def input(self) -> str:
        """Channels, rows and columns, as networks take them: `3x32x32`."""
        rows, columns, channels = self.shape
        return f"{channels}x{rows}x{columns}"


@dataclass(frozen=True)
class Dataset:
    """Images (count, rows, columns, channels) uint8 and classes (count,) int64, mapped from files."""

    about: About
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def cache_root() -> Path:
    """Where decoded data and downloads are kept: `$XDG_CACHE_HOME/simres`, by default `~/.cache/simres`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simres"


def open_dataset(
    name: str, *, size: int | None = None, cache: Path | None = None, progress: Progress | None = None
) -> Dataset:
    """The data set of that name, decoded now if it never was.

    `size` makes all images so many pixels high and wide. `progress` is called while decoding. Raises
    `SimresError` for an unknown name, and for whatever is wrong with the data.
    """
    if size is not None and size not in SIZES:
        raise SimresError(f"images of {size} pixels: must be from {SIZES[0]} to {SIZES[-1]}")
    cache = cache or cache_root()
    identity = _identity(name)
    key = hashlib.sha256(f"{FORMAT} {identity} {size}".encode()).hexdigest()[:16]
    folder = cache / "datasets" / f"{name.partition(':')[0]}-{key}"
    found = opened(folder)
    if found is None:
        _build(name, size, cache, folder, progress)
        found = opened(folder)
        if found is None:
            raise SimresError(f"the cache in `{folder}` cannot be read back", "is the disk full?")
    return found


def _identity(name: str) -> str:
    """What the cache of a data set is found by: it changes when the data do."""
    kind, colon, text = name.partition(":")
    if kind == "folder" and colon:
        if not text:
            raise SimresError("`folder:` needs a path: a folder, or a .tar, .tar.gz or .zip of one")
        path = Path(text).expanduser()
        if not path.exists():
            raise SimresError(f"no folder and no archive `{path}`")
        path = path.resolve()
        listed = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
        digest = hashlib.sha256()
        for item in listed:
            found = item.stat()
            digest.update(f"{item}\0{found.st_size}\0{found.st_mtime_ns}\n".encode(errors="surrogateescape"))
        return f"folder {path} {digest.hexdigest()}"
    if name in NAMES:
        return name
    close = get_close_matches(name, NAMES, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "images of your own: `folder:PATH`"
    if Path(name).exists():
        hint = f"say `folder:{name}`"
    raise SimresError(f"unknown data set `{name}`; there are {', '.join(NAMES)} and folder:PATH", hint)


def _decode(
    name: str, size: int | None, cache: Path, progress: Progress | None
) -> tuple[tuple[str, ...], Decoded]:
    from simres.training import downloads, images
    from simres.training import generated_shapes as shapes

    kind, _, text = name.partition(":")
    if kind == "folder":
        listing, decoded = images.decode(Path(text).expanduser(), size, progress)
        return listing.classes, decoded
    if name == "shapes":
        decoded = images.Decoded()
        for seed, (split, count) in enumerate((("train", shapes.TRAIN), ("test", shapes.TEST))):
            decoded.images[split], decoded.labels[split] = shapes.draw(count, seed)
        classes = shapes.CLASSES
    elif name == "cifar10":
        decoded, classes = downloads.cifar10(cache / "downloads"), downloads.CIFAR10_CLASSES
    else:
        folder = cache / "downloads" / "fashion-mnist"
        decoded, classes = downloads.fashion_mnist(folder), downloads.FASHION_CLASSES
    if size is not None:
        decoded.images = {split: _resized(pixels, size) for split, pixels in decoded.images.items()}
    return classes, decoded


def _resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    from PIL import Image

    out = np.empty((len(pixels), size, size, pixels.shape[-1]), np.uint8)
    for number, image in enumerate(pixels):
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        made = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR))
        out[number] = made[..., None] if made.ndim == 2 else made
    return out


def _build(name: str, size: int | None, cache: Path, folder: Path, progress: Progress | None) -> None:
    """Decodes into a folder beside `folder`, then renames it: it is there whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise SimresError(f"cannot write the cache `{folder.parent}`: {error.strerror}") from error
    try:
        classes, decoded = _decode(name, size, cache, progress)
        digest = hashlib.sha256(json.dumps(classes).encode())
        for split in ("train", "test"):
            images, labels = decoded.images[split], decoded.labels[split]
            digest.update(f"{images.shape}".encode())
            digest.update(np.ascontiguousarray(images).data)
            digest.update(np.ascontiguousarray(labels).data)
            np.save(scratch / f"{split}-images.npy", images, allow_pickle=False)
            np.save(scratch / f"{split}-labels.npy", labels, allow_pickle=False)
        mean, deviation = _moments(decoded.images["train"])
        shape = decoded.images["train"].shape[1:]
        about = About(
            name=f"folder:{Path(name.partition(':')[2]).name}" if name.startswith("folder:") else name,
            classes=tuple(classes),
            shape=(shape[0], shape[1], shape[2]),
            train=len(decoded.labels["train"]),
            test=len(decoded.labels["test"]),
            mean=mean,
            deviation=deviation,
            digest="sha256:" + digest.hexdigest(),
        )
        (scratch / "about.json").write_text(json.dumps(asdict(about), indent=1) + "\n", encoding="utf-8")
        if folder.exists():  # damaged, or another process was faster
            shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    except OSError as error:
        raise SimresError(
            f"cannot write the cache `{folder}`: {error.strerror or error}",
            "XDG_CACHE_HOME says where it is; it takes as many bytes as there are pixels",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _moments(images: NDArray[np.uint8]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, exactly: from counts of the 256 values."""
    values = np.arange(256) / 255
    means, deviations = [], []
    for channel in range(images.shape[-1]):
        counts = np.zeros(256, np.int64)
        for start in range(0, len(images), 4096):
            counts += np.bincount(images[start : start + 4096, ..., channel].reshape(-1), minlength=256)
        mean = float((counts * values).sum() / counts.sum())
        means.append(mean)
        deviations.append(float(np.sqrt((counts * (values - mean) ** 2).sum() / counts.sum())) or 1.0)
    return tuple(means), tuple(deviations)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _matches(about: About, arrays: dict[tuple[str, str], NDArray[Any]]) -> bool:
    """Whether arrays are what is stated about them."""
    shape = about.shape
    if not isinstance(shape, tuple) or len(shape) != 3 or not all(isinstance(size, int) for size in shape):
        return False
    texts = (about.name, about.digest, *(about.classes if isinstance(about.classes, tuple) else [None]))
    figures = [
        part for part in (about.mean, about.deviation) if isinstance(part, tuple) and len(part) == shape[2]
    ]
    if len(figures) < 2 or not all(isinstance(text, str) for text in texts):
        return False
    if not all(isinstance(value, float) and 0 <= value <= 1 for part in figures for value in part):
        return False
    for split, count in (("train", about.train), ("test", about.test)):
        images, labels = arrays[split, "images"], arrays[split, "labels"]
        if images.shape != (count, *shape) or images.dtype != np.uint8:
            return False
        if labels.shape != (count,) or labels.dtype != np.int64:
            return False
        if count and not 0 <= labels.min() <= labels.max() < len(about.classes):
            return False
    return True


def opened(folder: Path) -> Dataset | None:
    """The decoded data set in a folder of the cache, None where there is none that is whole."""
    try:
        stated: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        about = About(**{key: _frozen(value) for key, value in stated.items()})
        arrays = {
            (split, what): np.load(folder / f"{split}-{what}.npy", mmap_mode="c", allow_pickle=False)
            for split in ("train", "test")
            for what in ("images", "labels")
        }
    except Exception:  # what damaged files make NumPy raise has no common type
        return None
    if not _matches(about, arrays):
        return None
    return Dataset(
        about,
        arrays["train", "images"],
        arrays["train", "labels"],
        arrays["test", "images"],
        arrays["test", "labels"],
    )
