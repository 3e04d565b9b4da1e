"""The host's operators over many elements at once: what each costs, with the reason, and what it reads.

Operations are counted as in `simres.workload.elementwise_kinds`; docs/prices.md shows the costs.
"""

from __future__ import annotations

from simres.workload import reading
from simres.workload.kind import Cost, Kind, Per, overloads
from simres.workload.operators import Unit
from simres.workload.reading import Reading


def _host(
    name: str,
    cost: Cost,
    reads: Reading = reading.all_of_it,
    sources: str = "",
    *,
    maps: bool | None = None,
    statistics: int = 0,
) -> Kind:
    return Kind(name, Unit.HOST, cost, reads, maps=maps, sources=overloads(sources), statistics=statistics)


def _each(ops: int, reason: str) -> Cost:
    return Cost(ops, Per.OUTPUT, reason)


def _read(ops: int, reason: str) -> Cost:
    return Cost(ops, Per.INPUT, reason)


OVER_MANY: tuple[Kind, ...] = (
    _host(
        "max_pool",
        Cost(1, Per.WINDOW, "k x k comparisons per output (the first is with minus infinity)"),
        reading.pooling,
        maps=True,
    ),
    _host(
        "avg_pool",
        Cost(1, Per.WINDOW, "k x k additions per output: each input once where windows tile"),
        reading.pooling,
        maps=True,
    ),
    # random numbers
    _host(
        "random",
        _each(
            27,
            "Philox 4x32-10 (Salmon et al., 2011): ten rounds of 10 for four numbers, then convert and "
            "scale; uniform, or whole numbers",
        ),
    ),
    _host("random_bernoulli", _each(28, "random 27, compare")),
    _host("random_log", _each(29, "random 27, log, multiply: exponential and geometric")),
    _host(
        "random_normal",
        _each(32, "random 27, Box and Muller: log, multiply, sqrt, cos, multiply (Cauchy, too, by tan)"),
    ),
    _host("dropout", _each(29, "random 27, compare, multiply: in training only"), reading.elementwise),
    _host(
        "fft",
        Cost(
            5,
            Per.LEVEL,
            "5 n log2 n per transform of n, as FFT benchmarks count; a one-sided transform of real numbers "
            "is one of half as many",
        ),
        reading.along_one,
    ),
    # over many elements at once
    _host(
        "softmax",
        _each(5, "find the maximum, subtract it, exp, sum, multiply by the reciprocal"),
        reading.along_one,
        statistics=4,
    ),
    _host(
        "log_softmax",
        _each(5, "find the maximum, subtract it, exp, sum, subtract the logarithm"),
        reading.along_one,
        statistics=4,
    ),
    _host(
        "layer_norm",
        _each(7, "sum, subtract the mean, square, sum, scale, then weight and bias"),
        reading.over_last,
        statistics=4,
    ),
    _host(
        "group_norm",
        _each(7, "as layer norm, over groups of channels"),
        reading.over_groups,
        maps=True,
        statistics=4,
    ),
    _host(
        "instance_norm",
        _each(5, "as layer norm without weight and bias, over pixels"),
        reading.over_pixels,
        maps=True,
        statistics=4,
    ),
    _host("rms_norm", _each(4, "square, sum, scale, weight"), reading.over_last, statistics=2),
    _host(
        "sum",
        _read(1, "one addition per element read (a mean's division is one per output: left out)"),
        reading.reduction,
        "sum sum.dim_IntList",
    ),
    _host("mean", _read(1, "as sum"), reading.reduction),
    _host(
        "variance",
        _read(4, "sum, subtract the mean, square, sum"),
        reading.reduction,
        "var var.dim var.correction var_mean var_mean.dim var_mean.correction",
    ),
    _host(
        "reduce",
        _read(1, "max, min, argmax, any, all, prod: one instruction per element read"),
        reading.reduction,
        "amax amin max min max.dim min.dim argmax argmin any any.dim any.dims all all.dim all.dims "
        "prod prod.dim_int",
    ),
    _host(
        "cumsum",
        _each(1, "one addition, multiplication or comparison per element"),
        reading.along_one,
        "cumsum cumprod cummax cummin",
    ),
    _host(
        "logcumsumexp",
        _each(6, "the greater of two, subtract, exp, add, log, add"),
        reading.along_one,
        "logcumsumexp",
    ),
    _host(
        "sort",
        Cost(1, Per.LEVEL, "one comparison: n log2 n to sort n (mode, too, which counts neighbours)"),
        reading.along_one,
    ),
    _host("topk", Cost(1, Per.LEVEL, "one comparison: n log2 k to keep the k first of n"), reading.along_one),
    _host(
        "median",
        Cost(1, Per.LEVEL, "one comparison, as topk of half of n (of k for kthvalue)"),
        reading.reduction,
    ),
    _host("search", Cost(1, Per.LEVEL, "one comparison: log2 of the number of boundaries for each value")),
    _host("histogram", _read(4, "multiply, subtract, round down, count"), sources="histc"),
    _host(
        "distance",
        Cost(3, Per.WINDOW, "subtract, square or |x|, add (the root is one per output: left out)"),
        reading.pairs,
    ),
    _host("scatter_reduce", _read(1, "adds, multiplies or compares each element with the one in its place")),
    _host("masked_scatter", _each(2, "counts the mask, selects"), sources="masked_scatter"),
    _host(
        "norm",
        _read(2, "square and sum (the root is one per output: left out)"),
        reading.reduction,
        "linalg_vector_norm",
    ),
    # linear algebra, by Golub and Van Loan; m rows, n columns, m >= n, and k right-hand sides
    _host("cholesky", Cost(1, Per.STEP, "n^3 / 3 (LDL^T too)")),
    _host("lu", Cost(1, Per.STEP, "m n^2 - n^3 / 3; a determinant is the product of its diagonal")),
    _host("solve", Cost(1, Per.STEP, "lu and 2 n^2 k; an inverse is 2 n^3")),
    _host("solve_triangular", Cost(1, Per.STEP, "n^2 k for each triangle")),
    _host("qr", Cost(1, Per.STEP, "2 m n^2 - 2 n^3 / 3, and the same again to spell out Q")),
    _host("eigh", Cost(1, Per.STEP, "4 n^3 / 3 for the values, 9 n^3 with the vectors: symmetric QR")),
    _host("eig", Cost(1, Per.STEP, "10 n^3 for the values, 25 n^3 with the vectors: QR")),
    _host(
        "svd",
        Cost(
            1,
            Per.STEP,
            "4 m n^2 - 4 n^3 / 3 for the values, 14 m n^2 + 8 n^3 with the vectors (a pseudo-inverse: and "
            "their product, 2 m n^2)",
        ),
    ),
    # regions of interest
    _host(
        "roi_align",
        Cost(10, Per.STEP, "a bilinear sample 9, one addition; 2 x 2 samples per bin by default"),
    ),
    _host("roi_pool", Cost(1, Per.STEP, "a comparison per element of the bin, of a region of the whole map")),
    # resampling that computes
    _host(
        "interpolate_trilinear",
        _each(21, "eight taps: seven times a + t (b - a)"),
        reading.resampling(1),
        "upsample_trilinear3d upsample_trilinear3d.vec",
        maps=True,
    ),
    _host(
        "interpolate_antialiased",
        Cost(2, Per.WINDOW, "a multiplication and an addition per tap: first along rows, then along columns"),
        reading.antialiased,
        maps=True,
    ),
    _host(
        "grid_nearest",
        _each(1, "one select: inside the map or not; plus `coordinates` of its grid"),
        reading.sampled,
        maps=True,
    ),
    _host(
        "grid_bilinear",
        _each(9, "as interpolate_bilinear; plus `coordinates` of its grid"),
        reading.sampled,
        maps=True,
    ),
    _host(
        "grid_trilinear",
        _each(21, "as interpolate_trilinear; plus `coordinates` of its grid"),
        reading.sampled,
        maps=True,
    ),
    _host(
        "grid_bicubic",
        _each(35, "as interpolate_bicubic; plus `coordinates` of its grid"),
        reading.sampled,
        maps=True,
    ),
    _host("coordinates", _read(4, "scale and shift to the map's size, round down, subtract")),
    _host(
        "interpolate_linear",
        _each(3, "two taps: a + t (b - a)"),
        reading.resampling(1),
        "upsample_linear1d upsample_linear1d.vec",
        maps=True,
    ),
    _host(
        "interpolate_bilinear",
        _each(9, "four taps: three times a + t (b - a)"),
        reading.resampling(1),
        "upsample_bilinear2d upsample_bilinear2d.vec",
        maps=True,
    ),
    _host(
        "interpolate_bicubic",
        _each(35, "sixteen taps: five times 4 multiplications and 3 additions"),
        reading.resampling(2),
        "upsample_bicubic2d upsample_bicubic2d.vec",
        maps=True,
    ),
)
"""Every kind of operator of the host that is no elementwise one."""
