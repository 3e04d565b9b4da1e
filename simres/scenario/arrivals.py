"""The `load:` section of a scenario: requests over time, checked and complete."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from simres import units
from simres.errors import SimresError
from simres.files import read_text
from simres.scenario.problems import Problems
from simres.scenario.source import Trail
from simres.text import describe, shorten
from simres.units import ArrivalRate, Duration

MOST_REQUESTS = 1_000_000
"""The largest number of requests in a run; more is an error."""
MOST_AT_ONCE = 256
LARGEST_TRACE = 32 << 20
"""The largest file of arrivals, in bytes."""
USUAL_WARMUP = Fraction(1, 10)
Way = Literal["poisson", "periodic", "bursty", "trace"]


class BatchFile(BaseModel):
    """Requests that are served together."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    most: Annotated[int, Field(strict=True, ge=2, le=MOST_AT_ONCE)]
    """A batch of this many is full, and launched."""
    timeout: Duration
    """How long the first of a batch waits for others, such as `2 ms`."""
    sizes: list[Annotated[int, Field(strict=True, ge=1, le=MOST_AT_ONCE)]] | None = None
    """Sizes to plan; a batch that is not full runs as the next larger one. By default 1, 2, 4 and so on,
    and `most`."""


class LoadFile(BaseModel):
    """When requests come, how many, and what counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    arrivals: Way
    """`poisson` (independent), `periodic` (equal intervals), `bursty` (several at once) or `trace`."""
    rate: ArrivalRate | None = None
    """Mean rate of arrivals, such as `400/s`."""
    images: Annotated[int, Field(strict=True, ge=1, le=MOST_REQUESTS)] | None = None
    """Number of requests; of a trace, by default all of it."""
    warmup: int | str | None = None
    """Requests at the start that do not count: a number, or a share (by default `10 %`)."""
    deadline: Duration | None = None
    """A request with a larger latency misses it, such as `5 ms`."""
    batch: BatchFile | None = None
    """Serves requests together: `{most: 8, timeout: 2 ms}`."""
    burst: Annotated[int, Field(strict=True, ge=2, le=MOST_REQUESTS)] | None = None
    """For `bursty` arrivals, the number at once."""
    trace: str | list[Duration] | None = None
    """For `trace` arrivals, a file (relative to this one) with a time (`1.5 ms`) on each line, or a list."""
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**64)] | None = None
    """Seed of the arrivals; by default the scenario's."""


@dataclass(frozen=True)
class RequestLoad:
    """A stream of requests. `per_ks` is the rate per thousand seconds; `trace` is in picoseconds."""

    arrivals: Way
    images: int
    warmup: int
    seed: int
    per_ks: int = 0
    burst: int = 1
    trace: tuple[int, ...] = ()
    deadline_ps: int = 0
    sizes: tuple[int, ...] = (1,)
    timeout_ps: int = 0


def load_of(problems: Problems, trail: Trail, given: Any, seed: int, base: Path) -> RequestLoad | None:
    """The load given at `trail`, or None with all problems recorded; files are relative to `base`."""
    if not isinstance(given, dict):
        example = "{arrivals: poisson, rate: 400/s, images: 10000}"
        problems.add(trail, f"must be a mapping such as `{example}`, got {describe(given)}")
        return None
    file: LoadFile | None = problems.validate(LoadFile, given, trail, context=units.SPELLED)
    if file is None:
        return None
    wrong = False

    def say(key: str, message: str, hint: str | None = None) -> None:
        nonlocal wrong
        wrong = True
        problems.add((*trail, key) if key in given else trail, message, hint=hint)

    times: tuple[int, ...] = ()
    for key, ways in (
        ("rate", ("poisson", "periodic", "bursty")),
        ("burst", ("bursty",)),
        ("trace", ("trace",)),
    ):
        value = getattr(file, key)
        if value is None and file.arrivals in ways:
            example = {"rate": "400/s", "burst": "8", "trace": "arrivals.txt"}[key]
            say(key, f"`{key}` is missing; write `{key}: {example}`, say")
        elif value is not None and file.arrivals not in ways:
            say(key, f"goes with `arrivals: {', '.join(ways)}`, and these are `{file.arrivals}`")
    if file.trace is not None and file.arrivals == "trace":
        try:
            times = _trace(file.trace, base)
        except SimresError as error:
            say("trace", error.message, error.hint)
    images = file.images if file.images is not None else len(times)
    if file.arrivals != "trace" and file.images is None:
        say("images", "`images` is missing; write `images: 10000`, say")
    elif times and images > len(times):
        say("images", f"are {images}, and the trace has {len(times)}")
    if file.deadline == 0:
        say("deadline", "must be greater than 0, got `0 s`")
    warmup = 0
    try:
        warmup = _warmup(file.warmup, images)
    except SimresError as error:
        say("warmup", error.message)
    else:
        if images and warmup >= images:
            say(
                "warmup",
                f"leaves out {warmup} of {images} images, so nothing is left to measure",
                "give more `images`, or a shorter `warmup`",
            )
    sizes: tuple[int, ...] = (1,)
    if file.batch is not None:
        most = file.batch.most
        usual = [1 << n for n in range(most.bit_length()) if 1 << n < most]
        chosen = file.batch.sizes if file.batch.sizes is not None else [*usual, most]
        if sorted(set(chosen)) != chosen or chosen[-1:] != [most]:
            say("batch", f"`sizes` must rise up to `most`, which is {most}")
        sizes = tuple(chosen)
    if wrong:
        return None
    return RequestLoad(
        arrivals=file.arrivals,
        images=images,
        warmup=warmup,
        seed=seed if file.seed is None else file.seed,
        per_ks=file.rate or 0,
        burst=file.burst or 1,
        trace=times[:images],
        deadline_ps=file.deadline or 0,
        sizes=sizes,
        timeout_ps=file.batch.timeout if file.batch else 0,
    )


def resolved_load(load: RequestLoad) -> dict[str, Any]:
    """The load as a document with every default written out; it loads back equal."""
    found: dict[str, Any] = {"arrivals": load.arrivals}
    if load.per_ks:
        found["rate"] = units.ARRIVALS.spell(load.per_ks)
    found |= {"images": load.images, "warmup": load.warmup, "seed": load.seed}
    if load.deadline_ps:
        found["deadline"] = units.DURATION.spell(load.deadline_ps)
    if load.burst > 1:
        found["burst"] = load.burst
    if load.trace:
        found["trace"] = [units.DURATION.spell(ps) for ps in load.trace]
    if load.sizes[-1] > 1:
        timeout = units.DURATION.spell(load.timeout_ps)
        found["batch"] = {"most": load.sizes[-1], "timeout": timeout, "sizes": list(load.sizes)}
    return found


def _warmup(given: int | str | None, images: int) -> int:
    if given is None:
        return int(USUAL_WARMUP * images)
    if isinstance(given, str):
        return int(units.parse_percent(given) * images)
    if given < 0:
        raise SimresError(f"must be a number of images or a share such as `10 %`, got {describe(given)}")
    return given


def _trace(given: str | list[int], base: Path) -> tuple[int, ...]:
    """The times of a trace in picoseconds. Raises `SimresError` if they are missing or not in order."""
    if isinstance(given, list):
        places, times = [f"entry {number}" for number in range(1, len(given) + 1)], given
        name = "the trace"
    else:
        name = f"`{shorten(base / given, 300)}`"
        hint = "a trace has a time in each line, such as `1.5 ms`; `#` begins a comment"
        places, times = [], []
        lines = enumerate(read_text(base / given, "trace", hint, LARGEST_TRACE).splitlines(), 1)
        stated = [(number, text) for number, line in lines if (text := line.partition("#")[0].strip())]
        if len(stated) > MOST_REQUESTS:
            raise SimresError(f"{name} has more than {MOST_REQUESTS} arrivals")
        for number, text in stated:
            try:
                times.append(units.DURATION.parse(text))
            except SimresError as error:
                raise SimresError(f"{name}, line {number}: {error.message}", hint) from error
            places.append(f"line {number}")
    if not times:
        raise SimresError(f"{name} has no arrivals", "give a time in each line, such as `1.5 ms`")
    for place, (earlier, later) in zip(places[1:], pairwise(times), strict=True):
        if later < earlier:
            raise SimresError(
                f"{name}, {place}: {units.DURATION.spell(later)} comes after "
                f"{units.DURATION.spell(earlier)}: times of a trace must not decrease"
            )
    return tuple(times)
