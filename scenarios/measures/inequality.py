"""How unequally something is spread over agents."""

from collections.abc import Sequence
from math import fsum

from .figure import Figure


def gini(values: Sequence[float]) -> Figure:
    """The Gini coefficient: Σ (2i - n - 1) · x_i / (n · Σ x_i), the x_i ascending, i from 1.

    0 where all are equal, towards 1 where one has everything. Meant for values of at least 0;
    with negative ones it can leave [0, 1]. Undefined without values, and where unequal values
    add up to 0.
    """
    n = len(values)
    if not n:
        return Figure.undefined("there are no values")
    ascending = sorted(values)
    if ascending[0] == ascending[-1]:
        return Figure.of(0.0, n)
    total = fsum(ascending)
    if total == 0.0:
        return Figure.undefined("the values are unequal and add up to 0", n)
    weighted = fsum([(2 * rank - n - 1) * value for rank, value in enumerate(ascending, start=1)])
    return Figure.of(weighted / (n * total), n)
