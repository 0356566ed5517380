"""What rules and pre-aggregations say about input that does not suit them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation import NNM, PREAGGREGATORS, RULES, Bucketing, Median, TrimmedMean, rule_from_name


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: TrimmedMean(f=2)(np.zeros((4, 3))), r"TrimmedMean\(f=2\) needs n > 2f messages, got n=4"),
        (lambda: Median()(np.zeros((4, 3)), f=2), r"Median\(f=2\) needs n > 2f messages, got n=4"),
        (lambda: TrimmedMean(fraction=0.1)(np.zeros((4, 3)), f=2), "f=2 needs n > 2f messages, got n=4"),
        (lambda: Median()(np.zeros(4)), r"Median\(\) needs messages of shape \(\.\.\., n, q\), got shape \(4,\)"),
        (lambda: Median()(np.zeros((0, 4, 3))), "without an empty axis"),
        (lambda: Median()(np.zeros((4, 0))), "without an empty axis"),
        (lambda: Median()(np.zeros((4, 3), dtype=int)), "real floating-point dtype, got int64"),
        (lambda: Median()(np.zeros((4, 3), dtype=complex)), "real floating-point dtype, got complex128"),
        (lambda: Median()([[1.0]]), "array of one array API library, got list"),
        (lambda: TrimmedMean(f=-1), "TrimmedMean needs f of at least 0, got -1"),
        (lambda: TrimmedMean(f=1.5), "TrimmedMean needs f as a whole number, got 1.5"),
        (lambda: TrimmedMean(f=True), "TrimmedMean needs f of at least 0, got True"),
        (lambda: TrimmedMean()(np.zeros((4, 3)), f=0.5), "needs f as a whole number"),
        (lambda: TrimmedMean(fraction=0.5), "below 1/2, got 0.5"),
        (lambda: TrimmedMean(f=1, fraction=0.1), "takes f or fraction"),
        (lambda: Median(convention="upper"), "needs convention"),
        (lambda: Median(nonfinite="drop"), "needs nonfinite"),
        (lambda: RULES["krum"](f=1, score="best"), "needs a score"),
        (lambda: RULES["krum"](f=1, neighbours=0), "neighbours of at least 1"),
        (lambda: RULES["multikrum"](f=1, m=0), "m of at least 1"),
        (lambda: RULES["phocas"](f=1, variant="x"), "needs variant"),
        (lambda: RULES["huber"](threshold=0), "finite threshold above 0"),
        (lambda: RULES["correntropy"](width=math.inf), "finite width above 0"),
        (lambda: RULES["centered-clipping"](start="zero"), "needs a radius"),
        (lambda: RULES["centered-clipping"](start="x"), "needs start"),
        (lambda: RULES["geometric-median"](tolerance=0), "tolerance above 0"),
        (lambda: RULES["geometric-median"](max_iterations=0), "max_iterations of at least 1"),
        (lambda: RULES["norm-thresholding"](fraction=1), "below 1"),
        (lambda: RULES["majority-vote"](tolerance=1), "tolerance of at least 0 and below 1"),
        (lambda: RULES["smea"](f=5, max_subsets=10)(np.zeros((11, 2))), "would compare 462 subsets"),
        (lambda: RULES["mda"](f=3, max_nodes=1)(np.random.default_rng(0).random((9, 4))), "gave up"),
        (lambda: PREAGGREGATORS["bucketing"](size=0), "size of at least 1"),
        (lambda: PREAGGREGATORS["clipping"](radius=0), "finite radius above 0"),
        (lambda: NNM(f=3)(np.zeros((6, 3))), r"NNM\(f=3\) needs n > 2f messages, got n=6"),
        (lambda: (Bucketing() >> TrimmedMean(f=2))(np.zeros((8, 3))), r"got n=4"),
        (lambda: rule_from_name("cwmt"), "there is no rule 'cwmt': did you mean 'cwtm'"),
        (lambda: rule_from_name("nmm+cwtm"), "there is no pre-aggregation 'nmm': did you mean 'nnm'"),
        (lambda: rule_from_name("median", radius=1), "does not take these parameters"),
        (lambda: arrays.memory_budget(0).__enter__(), "at least 1 byte"),
        (lambda: arrays.threads(0).__enter__(), "at least 1"),
    ],
)
def test_invalid_calls(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
