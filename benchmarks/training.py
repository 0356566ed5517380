"""The training loop of the LAD paper's Fig. 4 against a loop over one seed at a time with a peer's aggregators."""

from __future__ import annotations

import importlib.util
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from byzbounds.simulate import Method, method_from_name, run
from byzbounds.simulate.coded_draws import CodedDraws
from byzbounds.simulate.compiled import active, interpreted
from byzbounds.simulate.draws import BLOCK, byzantine_draws
from byzbounds.simulate.encoding import window_sums
from byzbounds.simulate.problems.regression import LadRegression
from byzbounds.simulate.stretches import stretch

from .measure import fast_call
from .peers import Aggregator, byzfl_rules, byzpy_rules
from .rules import thread_limit

N, Q, F, TRIM, GAMMA = 100, 100, 20, 10, 1e-6
STRETCH = 10
"""Iterations between records."""
METHODS: dict[str, int] = {"VA": 1, "CWTM": 1, "CWTM-NNM": 1, "LAD-CWTM": 10, "LAD-CWTM-NNM": 10, "DRACO": 1}
"""Methods and their computational load d, where they have one."""
Row = dict[str, Any]
Array = npt.NDArray[np.float64]


def _on_tensors(rule: Aggregator) -> Aggregator:
    import torch

    return lambda messages: rule(torch.from_numpy(messages)).numpy()


def _libraries() -> dict[str, Callable[[int], dict[str, Aggregator]]]:
    found: dict[str, Callable[[int], dict[str, Aggregator]]] = {
        "byzfl": lambda f: byzfl_rules(N, f),
        "byzpy": lambda f: byzpy_rules(N, f),
    }
    if importlib.util.find_spec("torch"):
        found["byzfl, PyTorch"] = lambda f: {name: _on_tensors(rule) for name, rule in byzfl_rules(N, f).items()}
    return found


def peer_rule(name: str, clock: Callable[[], float]) -> tuple[str, Aggregator] | None:
    """The rule of a method from the library that computes it fastest, and that library; None where none has it."""
    messages = np.random.default_rng(0).normal(size=(N, Q))
    if name == "DRACO":
        return None
    timed = []
    for library, rules in _libraries().items():
        rule = _composed(name, rules)
        if rule is None:
            continue
        try:
            repeated, count = fast_call(lambda rule=rule: rule(messages))
            timed.append((min(_seconds(repeated, clock) for _ in range(5)) / count, library, rule))
        except Exception as error:  # whatever a peer raises on its own account leaves it out
            print(f"{library} left out of {name}: {error!r}")
    if not timed:
        return None
    _, library, rule = min(timed, key=lambda entry: entry[0])
    return library, rule


def _composed(name: str, rules: Callable[[int], dict[str, Aggregator]]) -> Aggregator | None:
    if name == "VA":
        return rules(F).get("mean")
    trimmed = rules(TRIM).get("cwtm")
    if trimmed is None or not name.endswith("NNM"):
        return trimmed
    mixing = rules(F)["nnm"]
    return lambda messages: trimmed(np.asarray(mixing(messages)))


def peer_loop(rule: Aggregator, d: int, iterations: int, features: Array, labels: Array) -> Array:
    """One seed of a method, written plainly with a peer's aggregator; returns the last iterate.

    Messages of one gradient each are computed from the permuted samples; coded ones by one product in BLAS.
    """
    rng = np.random.default_rng(0)
    code = np.array([np.roll(np.arange(N) < d, i) for i in range(N)], dtype=np.float64) / d
    x = np.zeros(Q)
    for _ in range(iterations):
        order = rng.permutation(N)
        samples = features[order]
        messages = (samples @ x - labels[order])[:, None] * samples
        if d > 1:
            messages = code[rng.permutation(N)] @ messages
        messages[rng.permutation(N)[:F]] *= -2.0
        x = x - GAMMA * rule(messages)
    return x


def kernels(name: str, d: int, seeds: int) -> tuple[Callable[[], Any], int]:
    """The arithmetic of some iterations by itself, and their number: gradients, coding, attack and rule.

    Nothing is drawn or recorded.

    With machine code, ten iterations at once where it does several; else an average needs no messages, but a
    combination of features; what is sorted is written as it is to be sorted where each device sends the gradient of one
    subset, and transposed where messages are coded.
    """
    problem, method = LadRegression(N=N, Q=Q).draw(range(seeds)), _method(name, d)
    x = np.random.default_rng(0).normal(size=(seeds, Q))
    ahead = None if name == "DRACO" else stretch(problem, method.rule, d, np.inf, np.inf)
    if ahead is not None:
        places = np.broadcast_to(np.arange(N + d - 1) % N, (STRETCH, seeds, N + d - 1)).copy()
        factors = np.where(np.arange(N) < F, -2.0, 1.0) * np.ones((STRETCH, seeds, 1))
        return lambda: ahead.advance(x, factors, None if ahead.by_subset else places, [0.0] * STRETCH), STRETCH
    share = np.full(N, 1 / (N - 2 * TRIM))
    share[:TRIM] = share[N - TRIM :] = 0
    encoder = method.encoding.start(range(seeds), N)
    buffer = np.empty((seeds, N, Q))

    def iteration() -> Any:
        if name == "DRACO":
            messages = encoder.messages(problem, x, 0)
            messages[:, :F] *= -2.0
            return method.rule(messages)
        residuals = problem.residuals(x)
        if name == "VA":
            return problem.combined(residuals)
        if name == "CWTM":
            residuals[:, :F] *= -2.0
            ordered = np.multiply(problem.columns, residuals[:, None, :], out=buffer)
            ordered.sort(axis=-1)
            return ordered @ share
        messages = np.multiply(residuals[..., None], problem.features, out=buffer)
        if d > 1:
            messages = window_sums(messages, d)
        messages[:, :F] *= -2.0
        if name.endswith("NNM"):
            return method.rule(messages)
        ordered = np.array(np.swapaxes(messages, -1, -2), order="C")
        ordered.sort(axis=-1)
        return ordered @ share

    return iteration, 1


def _method(name: str, d: int) -> Method:
    return method_from_name(name, N=N, f=F, **({"d": d} if d > 1 else {}))


def _drawing(name: str, d: int, seeds: int) -> Callable[[], Any]:
    """What a block of iterations draws: tasks and orders of the subsets, and who is Byzantine, as far as it is used."""
    masks = byzantine_draws(range(seeds), N, F, "redrawn")
    numbers = itertools.count()
    if name == "DRACO":
        return lambda: masks.block(next(numbers))
    encoder = _method(name, d).encoding.start(range(seeds), N)
    draws = CodedDraws(encoder, masks, -2.0, np.dtype(np.float64))
    used = ["by_subset"] if d == 1 else ["by_window", "places"]
    if name.endswith("NNM"):
        used = ["by_window", "places", "owners"]

    def block() -> None:
        drawn, _ = draws.at(BLOCK * next(numbers))
        for each in used:
            getattr(drawn, each)

    return block


def _seconds(call: Callable[[], Any], clock: Callable[[], float]) -> float:
    start = clock()
    call()
    return clock() - start


def bench_training(*, seeds: int = 20, iterations: int = 512, threads: int = 1, rounds: int = 5) -> Iterator[Row]:
    """Iterations per second of each method, all seeds together, against the peer loop and the kernels alone.

    Medians of interleaved rounds, of processor time at one thread and of elapsed time at more. Problems are drawn
    beforehand at one thread, and by ours, not the peer's, at more: what is drawn cannot be shared among threads.
    `attainable` is the speed-up that the kernels' arithmetic would have by itself, shared evenly among the threads;
    `draws` the part of ours that goes into random numbers; `overhead` what ours take beyond both.
    """
    family = LadRegression(N=N, Q=Q)
    problem = family.draw([0])
    own = family.draw(range(seeds)) if threads == 1 else family
    clock = time.process_time if threads == 1 else time.perf_counter
    for name, d in METHODS.items():
        with thread_limit(threads):
            method, peer = _method(name, d), peer_rule(name, clock)
            train = partial(run, method, own, iterations=iterations, gamma=GAMMA, seeds=seeds, record_every=STRETCH)
            arithmetic, count = kernels(name, d, seeds)
            repeated, times = fast_call(arithmetic)
            calls: dict[str, tuple[Callable[[], Any], int]] = {
                "ours": (train, iterations),
                "kernels": (repeated, count * times),
                "draws": (_drawing(name, d, seeds), BLOCK),
            }
            if active():
                calls["arrays"] = (interpreted()(train), iterations)
            if peer is not None:
                calls["peer"] = (
                    lambda rule=peer[1], d=d: peer_loop(rule, d, iterations, problem.features[0], problem.labels[0]),
                    iterations,
                )
            taken = _rounds(calls, rounds, clock)
        middle = {key: statistics.median(values) for key, values in taken.items()}
        ours, loop = middle["ours"], middle.get("peer")
        alone, draws = middle["kernels"] / threads, middle["draws"] / threads
        yield {
            "method": name,
            "d": d,
            "seeds": seeds,
            "threads": threads,
            "per_s": 1 / ours,
            "low": 1 / max(taken["ours"]),
            "high": 1 / min(taken["ours"]),
            "arrays_per_s": 1 / middle["arrays"] if "arrays" in middle else None,
            "peer": None if peer is None else peer[0],
            "peer_per_s": None if loop is None else 1 / (loop * seeds),
            "speedup": None if loop is None else loop * seeds / ours,
            "attainable": None if loop is None else loop * seeds / alone,
            "overhead": ours / (alone + draws) - 1,
            "draws": draws / ours,
        }


def _rounds(
    calls: dict[str, tuple[Callable[[], Any], int]], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each call over its count, round by round, after one that does not count."""
    taken: dict[str, list[float]] = {key: [] for key in calls}
    for each in range(rounds + 1):
        for key, (call, count) in calls.items():
            seconds = _seconds(call, clock) / count
            if each:
                taken[key].append(seconds)
    return taken


def bench_scaling(*, rounds: int = 3) -> Iterator[Row]:
    """Seconds that runs of LAD-CWTM take, without drawing the problem, as Q, the seeds, and the iterations grow."""
    base = {"Q": 100, "seeds": 10, "iterations": 128}
    method = _method("LAD-CWTM", 10)
    for axis, values in {"Q": (50, 100, 200, 400), "seeds": (5, 10, 20, 40), "iterations": (64, 128, 256, 512)}.items():
        first = None
        for value in values:
            size = {**base, axis: value}
            problem = LadRegression(N=N, Q=size["Q"]).draw(range(size["seeds"]))
            settings = {"gamma": 1e-7, "seeds": size["seeds"], "record_every": 10}
            with thread_limit(1):
                run(method, problem, iterations=2, **settings)
                seconds = statistics.median(
                    _seconds(
                        lambda p=problem, s=settings, t=size["iterations"]: run(method, p, iterations=t, **s),
                        time.process_time,
                    )
                    for _ in range(rounds)
                )
            first = seconds / value if first is None else first
            yield {"axis": axis, "value": value, "seconds": seconds, "over_linear": seconds / value / first}
