"""What docs/validation.md says of each set of measurements, whatever its rows are: all that needs no data."""

from __future__ import annotations

from measured import About  # type: ignore[import-not-found]

MACS = "multiply-accumulates"

TINY_COUNTED = About(
    "MLPerf Tiny, Cortex-M4, M7 and M33, kernels as counted",
    "ms",
    """One inference of a batch of 1, with data and model on the board: the median of five windows of ten
seconds, versions 1.0 to 1.3, closed division, int8. Boards, libraries and networks are the
submitters'; a result that was handed in twice counts once.""",
    f"{MACS} a cycle",
    """Cycles are those of CMSIS-NN's loops at the published clock, whatever library ran, so this error is
mostly how much faster or slower the libraries are: from 0.70 to 2.12 of the cycles counted. Nothing is
known of the kernels of X-CUBE-AI, Plumerai and HALE but their times.""",
)
TINY_LIBRARY = About(
    "MLPerf Tiny, Cortex-M4, M7 and M33, one factor a library",
    "ms",
    """As above. What a library of kernels takes over the cycles counted is measured on other boards and then
used here.""",
    f"{MACS} a cycle, one rate a library, from the same rows",
    """`ad`, which only reads weights, comes out 3 % fast in the mean, and single boards lean either way: how
much of the flash's wait states its prefetch and the caches hide is not modelled, and 5 wait states are
taken for every L4R5ZI. A library with a kernel for one shape, such as a depthwise 3 x 3, has no factor
of its own for it.""",
    fitted="11, one factor a library: the median of other boards (28 rows: of other networks)",
    known="times of MLPerf Tiny (with a factor for the library)",
)
TINY_IC = About(
    "MLPerf Tiny, `ic` from the system's other networks",
    "ms",
    "The CIFAR-10 ResNet on a system of which only `kws`, `vww` and `ad` are known.",
    f"{MACS} at one rate, from the same networks",
    """One factor stands for all of a library's kernels. `ic` is dense convolutions, a third of the time of
`kws` and `vww` is depthwise, and `ad` is products behind flash. How much better a library is at one of these
than at another is what is missing: half of the rows are about a tenth off or more, microTVM on top of
CMSIS-NN and the later Plumerai one way, X-CUBE-AI 7 and HALE the other. The accelerators are farther off: on
GAP9 part of `kws` and `ad` runs in software, so they say little of `ic`.""",
    fitted="1 for each system, the median of its other networks",
)
TINY_OTHERS = About(
    "MLPerf Tiny, other cores and accelerators",
    "ms",
    "As above: Cortex-M0+, RH850, two RISC-V boards, GAP9, NDP120, and the xG24 board.",
    f"{MACS} a cycle",
    """What is missing, chip by chip. GAP9: which layers its compiler puts on the cluster, and the NE16's
tiles and its rate by bits of weight (DORY has a public model of both, which is not built in). xG24:
its accelerator takes two 8-bit values a cycle, as its maker says, and at that rate alone would be
1.5 to 2.4 times as fast as it was; what its loops cost besides is not public, so the chip has the
core alone. Tinker V: what its kernels do with 64 bits at once, and why `ic` does not profit.
LC236R5E176: which instructions its core has beyond scalar ones. NUCLEO-G0B1RE: how HALE does
depthwise and 1 x 1 convolutions on a core without SIMD, which took up to twice the cycles counted
here.""",
    known="times of MLPerf Tiny",
)
TINY_FLASH = About(
    "MLPerf Tiny, what weights in flash cost",
    "us",
    """The difference between two results of HALE for `ad` on one board: weights in flash, and the same
weights in RAM.""",
    "bytes of weights at one rate",
    """Prefetch and caches hide some of it on the Cortex-M4 and M7, so both come out a third too high; the M33
presumably misses its cache with every line of a weight used once, which costs more than the wait states
taken here.""",
)
TINY_ENERGY = About(
    "MLPerf Tiny, energy of an inference",
    "uJ",
    """A run of its own with a meter in the board's supply. What a board takes hardly depends on what it runs
(within 8 % for one board, supply and library, one row apart), so energy is power times time: the
board's power from other systems, the time as simulated with the library's factor.""",
    f"{MACS} at one energy",
    """Most of this is the error of the time. The power of three boards is calibrated; other rows are not
predicted: the L4R5ZI-P (an external converter), xG24, GAP9 and NDP120 have fewer than ten rows each,
and no published figure for such a load was found. Their chips state no power; what simres says of their
energy is that of its 45 nm defaults.""",
    fitted="3, a power or current a board: the median of other systems; the 11 factors above",
)
TPU_PRODUCTS = About(
    "TPU v4, products",
    "us",
    """Device time of one fp16 product on both cores of a chip, out of XProf's traces: the fusion alone,
without the call and without the copy of one operand that was prefetched. JAX, each call awaited
(scalesim-project/SCALE-Sim-validation, MIT, 45818f1).""",
    f"{MACS} at one rate",
    """Odd sizes (1675, 2977) are the worst: how XLA pads and tiles them is its own choice and is not known,
nor is why 1024 x 1024 x 1024 takes 43.8 us. A model of the compiler's tiles is what is missing.""",
    fitted="4 from these rows: launch, pace, staging and its port; a rule for cores inferred",
    known="products (four figures calibrated on them)",
)
PROGRAM = "Device time of one program in fp16 on both cores, out of the same traces."
BYTES = "bytes of operands and results at one rate"
TPU_ELEMENTWISE = About(
    "TPU v4, elementwise operators",
    "us",
    f"""{PROGRAM} Addition, subtraction,
multiplication, division and nine activations of up to 0.9 million elements.""",
    BYTES,
    """Launch and port are those of the products, and memory is published; only division and sigmoid
need a figure more. A step function is a sixth faster than here where it is large, and why is not known.""",
    fitted="2 from these rows: staging, divisions; launch and port from products",
    known="elementwise operators",
)
TPU_BATCH_NORM = About(
    "TPU v4, batch norm",
    "us",
    f"""{PROGRAM} 4 to 268
million elements; the result is fp32. Tensors are laid out with one axis along 128 lanes, the one that pads
least, which is how the compiler's layouts come out.""",
    BYTES,
    "Every row is within 3 %.",
    fitted="1 from these rows: memory both ways; launch, port and staging from other rows",
    known="batch norms",
)
TPU_LAYER_NORM = About(
    "TPU v4, layer and RMS norm",
    "us",
    f"""{PROGRAM} 0.1 to 8
million elements; the result is fp32. One mechanism for both: three passes and two.""",
    BYTES,
    """Between 0.6 and 1 million elements RMS norm is some 12 % faster than here: where the compiler
begins to overlap in and out is a threshold of its own, not the same for each fusion.""",
    fitted="0 from these rows; launch, port and staging from other rows",
    known="layer and RMS norms",
)
TPU_POOLS = About(
    "TPU v4, poolings",
    "us",
    f"""{PROGRAM} Average
pools of 2 x 2, and a pooling whose window is not recorded, taken for the same.""",
    BYTES,
    """Before some of them the compiler copies the input into another layout, a third of the time, and some
run at half the rate. Neither follows from the shape by a rule that was found; that choice of layout is
what is missing.""",
    fitted="1 from these rows: windows; launch and port from products",
    known="poolings",
)
GEMMINI = About(
    "Gemmini, 16 x 16, RTL",
    "cycles",
    """Cycles of the RTL in Verilator around `tiled_matmul_auto`, int8, matrices in DRAM (yonseicasl/NPUsim,
BSD-3, 2a371fd). Its authors suspect bad memory in the machine that ran it.""",
    f"{MACS} at one rate",
    """What is left is the fixed cost of a fold, which the RTL's authors read as 16 to 18 cycles, and that of
a call, of which nothing is known.""",
    known="products of its RTL",
)
NVDLA = About(
    "NVDLA nv_small, RTL",
    "cycles",
    """Cycles of the RTL from the engine's enable to its interrupt, int8, in a harness with a fixed latency of
32 cycles (times of NPUsim, shapes of nvdla/hw, 1a65f1f).""",
    f"{MACS} at one rate",
    """The schedule is `serial`: the RTL begins when all of a layer's input is in the buffer, and its weights
come through the same port. All three are still fast, by 1 to 7 %. The 600 to 10,000 cycles that are missing
go neither by stripes nor by bytes; how many reads the engine has under way in a harness that answers after
32 cycles was not found out.""",
    known="convolutions of its RTL",
)
EYERISS_PROCESSING = About(
    "Eyeriss, AlexNet by layer, processing",
    "ms",
    """The chip's table (Chen et al., JSSC 52(1), 2017, Table V; transcription of cucapra/fodlam): batch of 4,
core at 200 MHz, DRAM hidden entirely.""",
    f"{MACS} at one rate",
    """The first layer comes out 7 % fast and the second 11 %: ramp-up of a pass is inferred. VGG-16, of which
the chip's paper has a table as well, comes out twice as fast as it was. That table says why: so many bytes
go to the buffer as sums that a pass takes 1 channel for each filter in layers of 112 and 224 pixels, 2 at
56 and 4 at 28. Then sums need 771, 385 and 193 ms for 5.55 G multiply-accumulates at the port's rate, and
811, 408 and 210 ms were measured. Here every layer takes the 4 that the registers hold, with the sums of
fewer rows in the buffer. By which rule the chip's mapping chooses is what is missing: fewest bytes off
chip, or least time, it is not.""",
    known="layers of AlexNet (processing)",
)
EYERISS_TOTAL = About(
    "Eyeriss, AlexNet by layer, with DRAM",
    "ms",
    "The same table, with the time in which DRAM is not hidden.",
    f"{MACS} at one rate",
    """The chip waits for DRAM up to 4 ms a layer where here nearly all of it is hidden; presumably its link
does one thing at a time.""",
)
EYERISS_DRAM = About(
    "Eyeriss, AlexNet by layer, bytes off chip",
    "MB",
    """The same table. Maps are run-length coded by the published share of zeros; what a layer leaves is taken
to be as dense as what the next one reads.""",
    "bytes of inputs, weights and outputs, each once, times one factor",
    """The schedule is Eyeriss's own (`row_stationary`). Nothing was published of the density of what the
last layer leaves; it is taken to be that of its input, a guess; without it that layer is 27 % off.""",
)
EDGE_TPU = About(
    "Edge TPU, Dev Board",
    "ms",
    """One inference in C++ at batch 1, repeated, so weights that fit are on chip
(coral.ai/docs/edgetpu/benchmarks). Not said: which exact models, and what a call costs. Older pages
differ by 10 %.""",
    f"{MACS} at one rate",
    """Of the array nothing is published: its switches are those of a few that came nearest, so three rows are
little proof. Inception v1 is fast by a fifth; its stand-in has 3 x 3 filters in place of 5 x 5. A call costs
nothing here: what the driver takes is in the measured times, and no figure of it was found.""",
    known="networks (weights kept where they fit)",
)

EVERY = (
    TPU_PRODUCTS,
    TPU_ELEMENTWISE,
    TPU_BATCH_NORM,
    TPU_LAYER_NORM,
    TPU_POOLS,
    TINY_COUNTED,
    TINY_LIBRARY,
    TINY_IC,
    TINY_OTHERS,
    TINY_FLASH,
    TINY_ENERGY,
    GEMMINI,
    NVDLA,
    EYERISS_PROCESSING,
    EYERISS_TOTAL,
    EYERISS_DRAM,
    EDGE_TPU,
)
"In the order of the page."
