"""The host's elementwise operators: what each costs, with the reason.

The host's rate is in operations a second, one operation being one element through one instruction of a
vector processor. An add, multiply, compare or select costs 1; so does an elementary function (exp, log,
rsqrt, reciprocal, sin, cos), which vector units look up in a table; everything else is made of those.
docs/prices.md shows these costs.
"""

from __future__ import annotations

from simres.workload import reading
from simres.workload.kind import Cost, Kind, Per, overloads
from simres.workload.operators import Unit

_ONE = "one instruction per element"
_TABLE = "an elementary function: one table lookup per element"


def _elementwise(name: str, ops: int, reason: str, sources: str = "", *, maps: bool | None = None) -> Kind:
    return Kind(
        name,
        Unit.HOST,
        Cost(ops, Per.OUTPUT, reason),
        reading.elementwise,
        maps=maps,
        sources=overloads(sources),
    )


ELEMENTWISE: tuple[Kind, ...] = (
    # what residual networks are made of
    _elementwise(
        "batch_norm", 2, "y = a x + b: its four vectors are combined ahead of time into two", maps=True
    ),
    _elementwise("relu", 1, "one comparison with zero", "relu"),
    _elementwise("add", 1, _ONE),
    _elementwise("bias", 1, "one addition per element of a convolution's or linear layer's result"),
    # arithmetic
    _elementwise("sub", 1, _ONE),
    _elementwise("mul", 1, _ONE, "mul.Tensor mul.Scalar ldexp.Tensor"),
    _elementwise(
        "div",
        1,
        "a multiplication with a reciprocal that was looked up or is constant",
        "div.Tensor div.Scalar",
    ),
    _elementwise("neg", 1, _ONE, "neg"),
    _elementwise("abs", 1, _ONE, "abs"),
    _elementwise("sign", 1, _ONE, "sign sgn copysign.Tensor copysign.Scalar"),
    _elementwise(
        "round",
        1,
        "floor, ceil, round and trunc: one instruction per element",
        "floor ceil round round.decimals trunc div.Tensor_mode div.Scalar_mode",
    ),
    _elementwise(
        "remainder",
        3,
        "divide, round down, multiply and subtract in one",
        "remainder.Tensor remainder.Scalar fmod.Tensor fmod.Scalar",
    ),
    _elementwise("maximum", 1, "the greater or lesser of two: one comparison", "maximum minimum fmax fmin"),
    _elementwise(
        "compare",
        1,
        _ONE,
        "eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar le.Tensor le.Scalar gt.Tensor "
        "gt.Scalar ge.Tensor ge.Scalar isnan isinf signbit isposinf isneginf nextafter",
    ),
    _elementwise(
        "logical",
        1,
        "and, or, not, xor, shift: one instruction per element",
        "logical_and logical_or logical_not logical_xor bitwise_and.Tensor bitwise_or.Tensor "
        "bitwise_xor.Tensor bitwise_not bitwise_and.Scalar bitwise_or.Scalar bitwise_xor.Scalar "
        "__lshift__.Scalar __lshift__.Tensor __rshift__.Scalar __rshift__.Tensor "
        "bitwise_left_shift.Tensor bitwise_right_shift.Tensor bitwise_left_shift.Tensor_Scalar "
        "bitwise_right_shift.Tensor_Scalar",
    ),
    _elementwise(
        "select",
        1,
        "where(condition, a, b): one select per element",
        "where.self where.ScalarOther where.ScalarSelf where.Scalar",
    ),
    _elementwise("clamp", 2, "one comparison for each of two limits (relu6, hardtanh)"),
    _elementwise("cast", 1, "one conversion per element"),
    # elementary functions
    _elementwise("exp", 1, _TABLE, "exp exp2 expm1"),
    _elementwise("log", 1, _TABLE, "log log2 log10 log1p"),
    _elementwise("sqrt", 1, _TABLE, "sqrt"),
    _elementwise("rsqrt", 1, _TABLE, "rsqrt"),
    _elementwise("reciprocal", 1, _TABLE, "reciprocal"),
    _elementwise("sin", 1, _TABLE, "sin"),
    _elementwise("cos", 1, _TABLE, "cos"),
    _elementwise("square", 1, "x x x"),
    _elementwise("pow", 3, "exp(p log x): look up, multiply, look up"),
    _elementwise(
        "erf", 15, "Abramowitz and Stegun 7.1.25: |x| and sign 2, t 3, cubic 5, exp(-x x) 3, rest 2", "erf"
    ),
    # made of elementary functions
    _elementwise("tan", 4, "sin(x) / cos(x): sin, cos, reciprocal, multiply", "tan"),
    _elementwise(
        "asin",
        12,
        "Abramowitz and Stegun 4.4.45: |x|, cubic 6, sqrt(1 - |x|) 2, multiply, subtract, sign (acos too)",
        "asin acos",
    ),
    _elementwise(
        "atan",
        14,
        "Abramowitz and Stegun 4.4.47: x x, quartic 8, multiply; beyond 1 of 1 / x: reciprocal, compare, "
        "subtract, select",
        "atan",
    ),
    _elementwise(
        "atan2",
        19,
        "atan 14 of y / x: reciprocal, multiply; then the quadrant: compare, select, add",
        "atan2",
    ),
    _elementwise(
        "sinh", 4, "(exp(x) - 1 / exp(x)) / 2: exp, reciprocal, subtract, multiply (cosh: add)", "sinh cosh"
    ),
    _elementwise(
        "asinh", 5, "log(x + sqrt(x x + 1)): square, add, sqrt, add, log (acosh: subtract)", "asinh acosh"
    ),
    _elementwise(
        "atanh", 6, "log((1 + x) / (1 - x)) / 2: add, subtract, reciprocal, multiply, log, multiply", "atanh"
    ),
    _elementwise("hypot", 4, "two squares, add, sqrt", "hypot"),
    _elementwise("erfc", 16, "1 - erf: erf 15, subtract", "erfc"),
    _elementwise(
        "special",
        20,
        "a polynomial of degree 8 (16), its argument 3, its range 1: gamma, Bessel, inverse error functions",
        "erfinv lgamma digamma polygamma i0 special_i0e special_i1 special_i1e special_erfcx "
        "special_ndtri special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 "
        "special_log_ndtr special_zeta igamma igammac",
    ),
    _elementwise("quantise", 4, "to integers of 8 bits or fewer: multiply by 1 / scale, round, clamp 2"),
    # complex numbers: two real ones an element
    _elementwise("complex_mul", 6, "four multiplications, an addition, a subtraction"),
    _elementwise("complex_div", 12, "by the reciprocal: complex_reciprocal 6, complex_mul 6"),
    _elementwise(
        "complex_reciprocal", 6, "conjugate / |x|^2: two squares, add, reciprocal, two multiplications"
    ),
    _elementwise("complex_abs", 4, "two squares, add, sqrt"),
    _elementwise("complex_angle", 19, "atan2 of the two parts", "angle"),
    _elementwise("complex_exp", 5, "exp, cos, sin, two multiplications (log, sqrt alike)"),
    _elementwise("polar", 4, "cos, sin, two multiplications", "polar"),
    _elementwise("conj", 1, "negates the imaginary part", "_conj _conj_physical"),
    # activations
    _elementwise("sigmoid", 4, "1 / (1 + exp(-x)): negate, exp, add, reciprocal", "sigmoid"),
    _elementwise(
        "tanh", 6, "1 - 2 / (exp(2x) + 1): multiply, exp, add, reciprocal, multiply, subtract", "tanh"
    ),
    _elementwise("silu", 5, "x sigmoid(x): sigmoid 4, multiply", "silu"),
    _elementwise("gelu", 9, "x sigmoid(x (a + b x x)): 4 for the polynomial, sigmoid 4, multiply", "gelu"),
    _elementwise("hardsigmoid", 4, "clamp(x / 6 + 1/2): multiply, add, clamp 2", "hardsigmoid"),
    _elementwise("hardswish", 5, "x hardsigmoid(x): hardsigmoid 4, multiply", "hardswish"),
    _elementwise(
        "leaky_relu",
        2,
        "max(x, a x): multiply, compare (PReLU too)",
        "leaky_relu prelu _prelu_kernel rrelu_with_noise_functional rrelu_with_noise",
    ),
    _elementwise("elu", 4, "exp, subtract, multiply, select (CELU and SELU too)", "elu celu selu"),
    _elementwise("softplus", 3, "log(1 + exp(x)): exp, add, log", "softplus"),
    _elementwise("mish", 10, "x tanh(softplus(x)): softplus 3, tanh 6, multiply", "mish"),
)
"""Every kind that makes each element of one element of each operand."""
