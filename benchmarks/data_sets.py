"""What docs/validation.md says of each set of measurements, whatever its rows are: all that needs no data."""

from __future__ import annotations

from measured import About  # type: ignore[import-not-found]

MACS = "multiply-accumulates"

TINY_COUNTED = About(
    "MLPerf Tiny, Cortex-M4, M7 and M33, kernels as counted",
    "ms",
    """One inference at batch 1, with data and model on the board: the median of five windows of ten
seconds, versions 1.0 to 1.3, closed division, int8. Boards, libraries and networks are the
submitters'; a result submitted twice counts once.""",
    f"{MACS} a cycle",
    """Cycles are those of CMSIS-NN's loops at the published clock, whichever library ran. So most of this
error is the speed of the libraries: 0.70 to 2.12 times the counted cycles. Of the kernels of
X-CUBE-AI, Plumerai and HALE only the times are known.""",
)
TINY_LIBRARY = About(
    "MLPerf Tiny, Cortex-M4, M7 and M33, one factor a library",
    "ms",
    """As above. The ratio of a library's time to the counted cycles is measured on other boards and
used here.""",
    f"{MACS} a cycle, one rate a library, from the same rows",
    """`ad`, which only reads weights, is 3 % too fast on average, and single boards err either way:
prefetch and caches hide some of the flash's wait states, which is not modelled, and every L4R5ZI is
given 5 wait states. A library's special kernel for one shape, such as a depthwise 3 x 3, has no
separate factor.""",
    fitted="11, one factor a library: the median of other boards (28 rows: of other networks)",
    known="times of MLPerf Tiny (with a factor for the library)",
)
TINY_IC = About(
    "MLPerf Tiny, `ic` from the system's other networks",
    "ms",
    "The CIFAR-10 ResNet on a system for which only `kws`, `vww` and `ad` are known.",
    f"{MACS} at one rate, from the same networks",
    """One factor stands for all kernels of a library. `ic` is dense convolutions, a third of the time of
`kws` and `vww` is depthwise, and `ad` is products with weights in flash. Libraries are better at
some of these than at others, which is not modelled: half of the rows are off by a tenth or more,
microTVM with CMSIS-NN and the later Plumerai one way, X-CUBE-AI 7 and HALE the other. The
accelerators are further off: GAP9 runs part of `kws` and `ad` in software, so they say little about
`ic`.""",
    fitted="1 for each system, the median of its other networks",
)
TINY_OTHERS = About(
    "MLPerf Tiny, other cores and accelerators",
    "ms",
    "As above: Cortex-M0+, RH850, two RISC-V boards, GAP9, NDP120, and the xG24 board.",
    f"{MACS} a cycle",
    """What is not modelled, by chip:

- GAP9: which layers its compiler puts on the cluster, and the NE16's tiles and its rate by bits of
  weight (DORY has a public model of both, which is not built in).
- xG24: its accelerator takes two 8-bit values per cycle, by its maker. At that rate alone it would
  be 1.5 to 2.4 times as fast as measured; its other loop costs are not public, so the chip has the
  core alone.
- Tinker V: how its kernels use 64 bits at once, and why `ic` does not profit.
- LC236R5E176: the instructions that its core has beyond scalar ones.
- NUCLEO-G0B1RE: how HALE runs depthwise and 1 x 1 convolutions on a core without SIMD; they took up
  to twice the counted cycles.""",
    known="times of MLPerf Tiny",
)
TINY_FLASH = About(
    "MLPerf Tiny, what weights in flash cost",
    "us",
    """The difference between two results of HALE for `ad` on one board: weights in flash, and the same
weights in RAM.""",
    "bytes of weights at one rate",
    """Prefetch and caches hide some of it on the Cortex-M4 and M7, so both are a third too high. The M33
presumably misses its cache for every line of weights used once, which costs more than the assumed
wait states.""",
)
TINY_ENERGY = About(
    "MLPerf Tiny, energy of an inference",
    "uJ",
    """A separate run with a meter in the board's supply. The power of a board hardly depends on what it
runs (within 8 % for one board, supply and library, one row apart), so energy is power times time:
the board's power from other systems, the time as simulated with the library's factor.""",
    f"{MACS} at one energy",
    """Most of this is the error of the time. The power of three boards is calibrated. Other rows are not
predicted: the L4R5ZI-P (an external converter), xG24, GAP9 and NDP120 have fewer than ten rows
each, and no published power for such a load was found. Their chips state no power, so their energy
is that of the 45 nm defaults.""",
    fitted="3, a power or current a board: the median of other systems; the 11 factors above",
)
TPU_PRODUCTS = About(
    "TPU v4, products",
    "us",
    """Device time of one fp16 product on both cores of a chip, from XProf traces: the fusion alone,
without the call and without the prefetched copy of one operand. JAX, one call at a time
(scalesim-project/SCALE-Sim-validation, MIT, 45818f1).""",
    f"{MACS} at one rate",
    """Odd sizes (1675, 2977) are the worst: it is not known how XLA pads and tiles them, nor why 1024 x
1024 x 1024 takes 43.8 us. A model of the compiler's tiles is missing.""",
    fitted="4 from these rows: launch, pace, staging and its port; a rule for cores inferred",
    known="products (four figures calibrated on them)",
)
PROGRAM = "Device time of one program in fp16 on both cores, from the same traces."
BYTES = "bytes of operands and results at one rate"
TPU_ELEMENTWISE = About(
    "TPU v4, elementwise operators",
    "us",
    f"""{PROGRAM} Addition, subtraction,
multiplication, division and nine activations of up to 0.9 million elements.""",
    BYTES,
    """Launch and port are those of the products, and memory is published; only division and sigmoid need
one more figure. A large step function is a sixth faster than simulated; the reason is not known.""",
    fitted="2 from these rows: staging, divisions; launch and port from products",
    known="elementwise operators",
)
TPU_BATCH_NORM = About(
    "TPU v4, batch norm",
    "us",
    f"""{PROGRAM} 4 to 268
million elements; the result is fp32. Tensors are laid out with one axis along 128 lanes, the
one with the least padding, like the compiler's layouts.""",
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
    """Between 0.6 and 1 million elements RMS norm is some 12 % faster than simulated: the compiler starts
to overlap input and output at a threshold that differs by fusion.""",
    fitted="0 from these rows; launch, port and staging from other rows",
    known="layer and RMS norms",
)
TPU_POOLS = About(
    "TPU v4, poolings",
    "us",
    f"""{PROGRAM} Average
pools of 2 x 2, and poolings without a recorded window, assumed to be the same.""",
    BYTES,
    """Before some of them the compiler copies the input into another layout, a third of the time, and some
run at half the rate. No rule by shape was found for either; that choice of layout is missing.""",
    fitted="1 from these rows: windows; launch and port from products",
    known="poolings",
)
GEMMINI = About(
    "Gemmini, 16 x 16, RTL",
    "cycles",
    """Cycles of the RTL in Verilator around `tiled_matmul_auto`, int8, matrices in DRAM (yonseicasl/NPUsim,
BSD-3, 2a371fd). Its authors suspect faulty memory in the machine that ran it.""",
    f"{MACS} at one rate",
    """The rest is the fixed cost of a fold, which the RTL's authors give as 16 to 18 cycles, and that of a
call, which is not known.""",
    known="products of its RTL",
)
NVDLA = About(
    "NVDLA nv_small, RTL",
    "cycles",
    """Cycles of the RTL from the engine's enable to its interrupt, int8, in a harness with a fixed latency of
32 cycles (times of NPUsim, shapes of nvdla/hw, 1a65f1f).""",
    f"{MACS} at one rate",
    """The schedule is `serial`: the RTL starts when all of a layer's input is in the buffer, and its
weights use the same port. All three are still 1 to 7 % too fast. The missing 600 to 10,000 cycles
depend neither on stripes nor on bytes; the number of outstanding reads, in a harness that answers
after 32 cycles, is not known.""",
    known="convolutions of its RTL",
)
EYERISS_PROCESSING = About(
    "Eyeriss, AlexNet by layer, processing",
    "ms",
    """The chip's table (Chen et al., JSSC 52(1), 2017, Table V; transcription of cucapra/fodlam): batch of 4,
core at 200 MHz, DRAM fully hidden.""",
    f"{MACS} at one rate",
    """The first layer is 7 % too fast and the second 11 %: the ramp-up of a pass is inferred. VGG-16, also
in the chip's paper, is simulated twice as fast as measured. The paper's table shows why: from the
bytes of sums in the buffer, a pass takes 1 channel per filter in layers of 112 and 224 pixels, 2 at
56 and 4 at 28. Sums then need 771, 385 and 193 ms for 5.55 G multiply-accumulates at the port's
rate; 811, 408 and 210 ms were measured. In simres every layer takes the 4 that the registers hold,
with the sums of fewer rows in the buffer. The rule by which the chip's mapping chooses is not
known; it is neither the fewest bytes off chip nor the least time.""",
    known="layers of AlexNet (processing)",
)
EYERISS_TOTAL = About(
    "Eyeriss, AlexNet by layer, with DRAM",
    "ms",
    "The same table, with the DRAM time that is not hidden.",
    f"{MACS} at one rate",
    """The chip stalls on DRAM for up to 4 ms per layer; in simres nearly all of it is hidden. Presumably
its link does one thing at a time.""",
)
EYERISS_DRAM = About(
    "Eyeriss, AlexNet by layer, bytes off chip",
    "MB",
    """The same table. Maps are run-length coded by the published share of zeros; a layer's output is
assumed to be as dense as the next layer's input.""",
    "bytes of inputs, weights and outputs, each once, times one factor",
    """The schedule is Eyeriss's own (`row_stationary`). The density of the last layer's output was not
published; it is assumed to equal that of its input. Without this guess that layer is 27 % off.""",
)
EDGE_TPU = About(
    "Edge TPU, Dev Board",
    "ms",
    """One inference in C++ at batch 1, repeated, so weights that fit are on chip
(coral.ai/docs/edgetpu/benchmarks). The exact models and the cost of a call are not stated. Older
pages differ by 10 %.""",
    f"{MACS} at one rate",
    """Nothing is published about the array: of a few settings those that came closest were chosen, so
three rows prove little. Inception v1 is a fifth too fast; its stand-in has 3 x 3 filters instead of
5 x 5. A call costs nothing in simres: the driver is part of the measured times, and no figure for
it was found.""",
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
