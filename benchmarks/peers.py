"""The aggregators of other libraries, where they are installed: byzfl (NumPy and PyTorch) and byzpy (NumPy).

Both are reached through their aggregator modules alone: byzfl's top level imports data sets and torchvision, which
these benchmarks do not need.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

Aggregator = Callable[[Any], Any]
#: Iterations of geometric median and centred clipping on both sides, as these libraries have no common stopping rule.
ITERATIONS = 10


def load_byzfl() -> tuple[Any, Any] | None:
    """Byzfl's modules of aggregators and of pre-aggregators, or None where it is not installed."""
    try:
        spec = importlib.util.find_spec("byzfl")
    except ValueError:
        spec = None
    if "byzfl" not in sys.modules:
        if spec is None or spec.submodule_search_locations is None:
            return None
        package = types.ModuleType("byzfl")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["byzfl"] = package
    try:
        return (
            importlib.import_module("byzfl.aggregators.aggregators"),
            importlib.import_module("byzfl.aggregators.preaggregators"),
        )
    except ImportError:
        return None


def byzfl_rules(n: int, f: int) -> dict[str, Aggregator]:
    """Byzfl's aggregators under this project's names; they take NumPy and PyTorch arrays."""
    modules = load_byzfl()
    if modules is None:
        return {}
    rules, before = modules
    return {
        "mean": rules.Average(),
        "cwtm": rules.TrMean(f=f),
        "median": rules.Median(),
        "meamed": rules.Meamed(f=f),
        "geometric-median": rules.GeometricMedian(nu=1e-6, T=ITERATIONS),
        "centered-clipping": rules.CenteredClipping(L=ITERATIONS, tau=1.0),
        "krum": rules.Krum(f=f),
        "multikrum": rules.MultiKrum(f=f),
        "caf": rules.CAF(f=f),
        "nnm": before.NNM(f=f),
        "bucketing": before.Bucketing(s=2),
        "clipping": _on_a_copy(before.Clipping(c=1.0)),
        "arc": _on_a_copy(before.ARC(f=f)),
        **({"mda": rules.MDA(f=f), "smea": rules.SMEA(f=f)} if n <= 12 else {}),
    }


def _on_a_copy(step: Aggregator) -> Aggregator:
    """A step that overwrites its input, on a copy: else its second run would find nothing left to clip."""
    return lambda messages: step(messages.clone() if hasattr(messages, "clone") else messages.copy())


def byzpy_rules(n: int, f: int) -> dict[str, Aggregator]:
    """Byzpy's aggregators under this project's names, of sequences of tensors; some take NumPy vectors too."""
    if importlib.util.find_spec("byzpy") is None:
        return {}
    coordinate = importlib.import_module("byzpy.aggregators.coordinate_wise")
    geometric = importlib.import_module("byzpy.aggregators.geometric_wise")
    norms = importlib.import_module("byzpy.aggregators.norm_wise")
    before = importlib.import_module("byzpy.pre_aggregators")
    made = {
        "cwtm": coordinate.CoordinateWiseTrimmedMean(f=f),
        "median": coordinate.CoordinateWiseMedian(),
        "meamed": coordinate.MeanOfMedians(f=f),
        "geometric-median": geometric.GeometricMedian(tol=1e-15, max_iter=ITERATIONS, init="mean"),
        "centered-clipping": norms.CenteredClipping(c_tau=1.0, M=ITERATIONS),
        "krum": geometric.Krum(f=f),
        "multikrum": geometric.MultiKrum(f=f, q=n - f),
        "caf": norms.CAF(f=f),
        **({"mda": geometric.MinimumDiameterAveraging(f=f), "smea": geometric.SMEA(f=f)} if n <= 12 else {}),
    }
    wrapped: dict[str, Aggregator] = {name: _on_rows(rule.aggregate) for name, rule in made.items()}
    pre = {
        "nnm": before.NearestNeighborMixing(f=f), "bucketing": before.Bucketing(bucket_size=2),
        "clipping": before.Clipping(threshold=1.0), "arc": before.ARC(f=f),
    }  # fmt: skip
    wrapped.update({name: _on_rows(step.pre_aggregate) for name, step in pre.items()})
    return wrapped


def _on_rows(aggregate: Callable[[list[Any]], Any]) -> Aggregator:
    return lambda messages: aggregate(list(messages))
