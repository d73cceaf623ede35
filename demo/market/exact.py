"""Random numbers and an exponential that give the same bits on every machine.

Only operations that IEEE 754 rounds correctly are used (add, subtract, multiply, divide, square
root, scaling by powers of two) and only raw generator output, which numpy promises to keep.
numpy's own ``exp`` and ``normal`` depend on the processor's vector library or on numpy's version.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# ln 2 in two parts; the first has enough zero bits that its multiples up to 2**20 are exact.
_LN2_HIGH = float.fromhex("0x1.62e42feep-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_INVERSE_LN2 = float.fromhex("0x1.71547652b82fep0")
_TAYLOR_TERMS = 14


class Stream:
    """An independent stream of random numbers, named by a seed and a path of integers."""

    def __init__(self, seed: int, *path: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, *path]))

    def uniform(self, size: int) -> Floats:
        """Uniform in the open interval (0, 1), shape (size,)."""
        raw = self._bits.random_raw(size)
        return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def gaussian(self, size: int, terms: int = 12) -> Floats:
        """Sum of uniforms, scaled to mean 0 and variance 1, shape (size,).

        Twelve terms are normal to four standard deviations and end at six; fewer do where many
        are added up again anyway.
        """
        total = self.uniform(size)
        for _ in range(terms - 1):
            total += self.uniform(size)
        scale: float = np.sqrt(12.0 / terms)
        return (total - terms / 2.0) * scale


def exp(x: Floats) -> Floats:
    """Exponential of finite values in about ±700, to a few units in the last place."""
    n = np.rint(x * _INVERSE_LN2)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    total = np.ones_like(r)
    for k in range(_TAYLOR_TERMS, 0, -1):
        total = 1.0 + total * r / k
    return np.ldexp(total, n.astype(np.int64))
