"""Instructions of the inner loops of neural-network kernels on small CPUs, counted.

The loops are those of CMSIS-NN for int8, counted in its source (ARM-software/CMSIS_5, `CMSIS/NN/Source`; the
functions are named below), with 3 instructions for a turn of a loop. L. Lai et al., "CMSIS-NN: Efficient
Neural Network Kernels for Arm Cortex-M CPUs", arXiv:1801.06601, describes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from simres.program.tasks import Work
from simres.workload.operators import Loops, Op

CLAMPS = frozenset({"relu", "relu6", "hardtanh", "clamp"})
"""Operators that bound values: in int8 the saturation at the end of each value does them."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """Instructions for each multiply-accumulate of a kind of operator, and for each value made.

    `widened` is for each value of a convolution's input, copied to 16 bits for each output pixel that reads
    it.
    """

    convolution: Fraction
    depthwise: Fraction
    product: Fraction
    widened: Fraction
    rescale: int
    """Multiply by a fixed-point scale, shift, round."""
    finish: int
    """Load bias, scale and shift, add the offset, saturate, store, and count the loop."""
    pooled: int = 3
    """Of an input of a pooling: load, add or compare, count the loop."""
    other: int = 3
    """Of a vector operation of any other operator: load, compute, store."""

    @property
    def least(self) -> Fraction:
        """The fewest instructions of a multiply-accumulate."""
        return min(self.convolution, self.depthwise, self.product)

    def of(self, work: Work) -> Fraction:
        """The instructions of a task; without its loop nest, the fewest that its amount can take."""
        if work.macs:
            return self._products(work.macs, work.loops, work.op)
        if work.op is None or not work.vector_ops:
            return Fraction(0)
        return Fraction(self._others(work.vector_ops, work.op))

    def _products(self, macs: int, loops: Loops | None, op: Op | None) -> Fraction:
        if loops is None:
            return macs * self.least
        summed = loops.c * loops.r * loops.s
        made = macs // summed * (self.rescale + self.finish)
        if op is not None and op.kind != "conv":
            return macs * self.product + made
        read = loops.groups * loops.n * loops.p * loops.q * summed
        each = self.depthwise if loops.groups > 1 and loops.m == 1 else self.convolution
        return macs * each + read * self.widened + made

    def _others(self, operations: int, op: Op) -> int:
        if op.kind in CLAMPS:
            return 0
        if op.kind in ("add", "sub"):
            return operations * (3 * self.rescale + self.finish)
        if op.kind == "mul":
            return operations * (self.rescale + self.finish)
        return operations * (self.pooled if op.kind.endswith("pool") else self.other)


DUAL_MULTIPLY = Kernels(
    # arm_nn_mat_mult_kernel_s8_s16: 2 channels x 2 pixels x 4 products in 6 loads, 8 to widen the weights,
    # 8 SMLAD, and the loop.
    convolution=Fraction(25, 16),
    # arm_depthwise_conv_s8_opt: 4 channels x 2 taps in 6 loads, 4 to widen, 8 to pair the taps, 4 SMLAD, 4
    # for pointers, and the loop.
    depthwise=Fraction(29, 8),
    # arm_nn_vec_mat_mult_t_s8: 2 rows x 4 products in 3 loads, 6 to widen, 4 SMLAD, and the loop.
    product=Fraction(16, 8),
    # arm_q7_to_q15_with_offset: 4 values in 1 load, 4 to widen, 2 for the offset, 2 stores, and the loop.
    widened=Fraction(12, 4),
    # arm_nn_requantize: 5 for the high half of a product (SMLAL), 10 to shift and round, 3 for the shifts.
    rescale=18,
    finish=10,
)
"""int8 with 16-bit dual multiply-accumulates: the DSP extension of Armv7E-M and Armv8-M."""

SCALAR = Kernels(
    # The same without SIMD: 4 products in 4 loads, 4 for pointers, 8 to multiply and add, and the loop.
    convolution=Fraction(19, 4),
    # A product in 2 loads, 2 for pointers, 2 to multiply and add, 1 of the loop.
    depthwise=Fraction(7),
    # arm_nn_vec_mat_mult_t_s8: 3 rows in 4 loads, 4 for pointers, 1 for the offset, 6, and the loop.
    product=Fraction(18, 3),
    # A load, the offset, a store, 2 for pointers, and the loop, unrolled.
    widened=Fraction(6),
    rescale=18,
    finish=10,
)
"""int8 on a 32-bit core without SIMD, one instruction a cycle."""

SLOW_LOADS = Kernels(
    convolution=Fraction(23, 4),
    depthwise=Fraction(9),
    product=Fraction(22, 3),
    widened=Fraction(7),
    # No 64-bit product: 4 MULS of halves, and 8 to add with carries.
    rescale=30,
    finish=14,
)
"""`SCALAR` on Armv6-M, where a load takes 2 cycles, counted as 2 instructions."""

SOFT_FLOATS = Kernels(
    # A product and a sum by library calls. Estimated: 40 and 50, with the loads and the loop.
    convolution=Fraction(100),
    depthwise=Fraction(100),
    product=Fraction(100),
    widened=Fraction(0),
    rescale=0,
    finish=50,
    pooled=60,
    other=60,
)
"""fp32 without a floating-point unit."""

FLOATS = Kernels(
    # A VFMA takes 3 cycles and waits for the one before; the 2 loads hide behind it.
    convolution=Fraction(3),
    depthwise=Fraction(3),
    product=Fraction(3),
    widened=Fraction(0),
    rescale=0,
    finish=4,
)
"""fp32 with a scalar floating-point unit, in cycles (Cortex-M4 technical reference manual, table 7-1)."""
