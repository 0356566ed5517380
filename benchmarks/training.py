"""The training loop of the LAD paper's Fig. 4 against a loop over one seed at a time with a peer's aggregators."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from byzbounds.simulate import method_from_name, run
from byzbounds.simulate.problems.regression import LadRegression

from .peers import byzfl_rules
from .rules import thread_limit

N, Q, F, GAMMA = 100, 100, 20, 1e-6
METHODS: dict[str, dict[str, Any]] = {
    "VA": {},
    "CWTM": {},
    "CWTM-NNM": {},
    "LAD-CWTM": {"d": 10},
    "LAD-CWTM-NNM": {"d": 10},
    "DRACO": {},
}
Row = dict[str, Any]
Array = npt.NDArray[np.float64]


def _peer_rule(name: str) -> Callable[[Array], Array] | None:
    rules = byzfl_rules(N, 10)
    if not rules:
        return None
    if name == "VA":
        return rules["mean"]
    trimmed = rules["cwtm"]
    mixing = byzfl_rules(N, F)["nnm"]
    return (lambda messages: trimmed(mixing(messages))) if name.endswith("NNM") else trimmed


def peer_loop(name: str, d: int, iterations: int, seed: int) -> float:
    """One seed of a method, written plainly with a peer's aggregators; returns the final loss."""
    rule = _peer_rule(name)
    assert rule is not None
    rng = np.random.default_rng(seed)
    problem = LadRegression(N=N, Q=Q).draw([seed])
    features, labels = problem.features[0], problem.labels[0]
    tasks_matrix = np.array([np.roll(np.arange(N) < d, i) for i in range(N)], dtype=np.float64) / d
    x = np.zeros(Q)
    for _ in range(iterations):
        gradients = (features @ x - labels)[:, None] * features
        messages = tasks_matrix[rng.permutation(N)] @ gradients[rng.permutation(N)]
        messages[rng.permutation(N)[:F]] *= -2.0
        x = x - GAMMA * rule(messages)
    return 0.5 * float(np.sum((features @ x - labels) ** 2))


def kernel_seconds(name: str, d: int, seeds: int, repeats: int = 20) -> float:
    """Seconds that the kernels of one iteration take by themselves: gradients, coding as a product, attack and rule."""
    problem = LadRegression(N=N, Q=Q).draw(range(seeds))
    method = method_from_name(name, N=N, f=F, **({"d": d} if d > 1 else {}))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(seeds, Q))
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        messages = problem.gradients(x)
        if d > 1:
            sums = np.cumsum(np.concatenate([messages, messages[:, : d - 1]], axis=1), axis=1)
            messages = np.concatenate([sums[:, d - 1 : d], sums[:, d:] - sums[:, :-d]], axis=1) / d
        messages[:, :F] *= -2.0
        if callable(method.rule):
            method.rule(messages)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def bench_training(*, seeds: int = 20, iterations: int = 50, threads: int = 1) -> Iterator[Row]:
    """Iterations per second of each method, all seeds together, against the peer loop and the kernels alone."""
    with thread_limit(threads):
        for name, parameters in METHODS.items():
            d = parameters.get("d", 1)
            method = method_from_name(name, N=N, f=F, **parameters)
            run(method, LadRegression(N=N, Q=Q), iterations=2, gamma=GAMMA, seeds=seeds)
            start = time.perf_counter()
            run(method, LadRegression(N=N, Q=Q), iterations=iterations, gamma=GAMMA, seeds=seeds, record_every=10)
            ours = (time.perf_counter() - start) / iterations
            peer = _peer_seconds(name, d, iterations) if name != "DRACO" else None
            kernels = kernel_seconds(name, d, seeds) if name != "DRACO" else None
            yield {
                "method": name,
                "d": d,
                "seeds": seeds,
                "threads": threads,
                "iterations_per_s": 1 / ours,
                "peer_iterations_per_s": None if peer is None else 1 / (peer * seeds),
                "speedup": None if peer is None else peer * seeds / ours,
                "overhead": None if kernels is None else ours / kernels - 1,
            }


def _peer_seconds(name: str, d: int, iterations: int) -> float | None:
    if _peer_rule(name) is None:
        return None
    peer_loop(name, d, 2, 0)
    start = time.perf_counter()
    peer_loop(name, d, iterations, 0)
    return (time.perf_counter() - start) / iterations


def bench_scaling(*, iterations: int = 30) -> Iterator[Row]:
    """Seconds an iteration of LAD-CWTM takes as Q, the number of seeds, and the number of iterations grow."""
    base = {"Q": 100, "seeds": 10, "iterations": iterations}
    method = method_from_name("LAD-CWTM", N=N, f=F, d=10)
    for axis, values in {"Q": (50, 100, 200, 400), "seeds": (5, 10, 20, 40), "iterations": (15, 30, 60, 120)}.items():
        for value in values:
            size = {**base, axis: value}
            run(method, LadRegression(N=N, Q=size["Q"]), iterations=1, gamma=1e-7, seeds=size["seeds"])
            start = time.perf_counter()
            run(
                method, LadRegression(N=N, Q=size["Q"]), iterations=size["iterations"], gamma=1e-7, seeds=size["seeds"],
                record_every=10,
            )  # fmt: skip
            yield {"axis": axis, "value": value, "seconds": time.perf_counter() - start}
