"""The training iteration, batched over seeds, on any array-API backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from . import arrays
from .aggregation import Mean
from .attacks import Attack
from .blas import one_blas_thread
from .compiled import active
from .configuration import Configuration, Schedule
from .description import namespace_from_name
from .draws import BLOCK, Persistence, byzantine_draws
from .fused import fuse, may_fuse
from .measures import MEASURES, Observation, honest_mean
from .methods import Method
from .problems.base import Array, Problem, ProblemFamily, to_host
from .randomness import Purpose, run_streams
from .trajectory import Trajectory, join_runs

Observer = Callable[[Observation], None]

_LIVENESS_CHECK = 64
_THREAD_BYTES = 2**19
"""Least size of the messages that are worth a thread."""


def run(
    method: Method,
    problem: Problem | ProblemFamily,
    *,
    iterations: int,
    gamma: Schedule,
    seeds: int | Sequence[int] = 20,
    f: int | None = None,
    attack: str | Attack | None = "sign",
    byzantine: Persistence = "redrawn",
    x0: Array | Callable[[int], Array] | None = None,
    xp: str | ModuleType = "numpy",
    device: Any = None,
    dtype: str = "float64",
    record_every: int = 1,
    measures: Sequence[str] = (),
    observe: Observer | None = None,
    memory_budget: int = 2**29,
) -> Trajectory:
    """Train with a method on a problem: x^{t+1} = x^t - gamma^t ghat^t (LAD (7) and (12), CRA (8)).

    Parameters
    ----------
    method
        What devices and server do; see `method_from_name`.
    problem
        A problem, the same for all runs (or batched, with as many entries as there are seeds), or a family that draws
        each run's data from the run's seed.
    iterations
        T, the number of steps.
    gamma
        Learning rate, or a function of the iteration t = 0, 1, ... to it.
    seeds
        Seeds of the runs, or their number: then 0, 1, ... .
    f
        Number of Byzantine devices in an iteration; by default the number that the method is prepared for.
    attack
        What they do, or its name; None for nothing: then all devices behave.
    byzantine
        Whether their identities are "redrawn" in each iteration or "fixed" in a run.
    x0
        Start, of shape (Q,) or (runs, Q), or a function of a run's seed to (Q,); zero by default, unless the problem
        has a start of its own.
    xp
        Array namespace or its import name: "numpy", "torch", "jax.numpy", "cupy", "array_api_strict".
    device
        Where the arrays live, in the namespace's own terms.
    dtype
        "float64" or "float32".
    record_every
        Record every so many iterations, and always the last.
    measures
        Names in `MEASURES` to record along with the loss.
    observe
        Called in each iteration with an `Observation`.
    memory_budget
        Bytes that the runs computed together should not exceed by much; results do not depend on it.

    Returns
    -------
    Trajectory
        With one entry a seed. A run whose iterate grows beyond what squared norms can hold is stopped there and
        reported in ``diverged``; the other runs go on.

    Raises
    ------
    ValueError
        If an argument is out of range, names are unknown, or a decoder finds more errors than its code corrects.

    Notes
    -----
    Results depend neither on how many seeds are trained together nor on the number of threads (`arrays.threads`). An
    observer, and the measures where they are recorded, see every message; other iterations of LAD's methods on a
    regression skip what the rule does not need (`fused`), with the same results to rounding.
    """
    configuration = Configuration(
        method, problem, iterations, gamma, f, attack, byzantine, x0, xp, device, dtype, record_every, tuple(measures)
    )
    return train(configuration, seeds, observe=observe, memory_budget=memory_budget)


def train(
    configuration: Configuration,
    seeds: int | Sequence[int] = 20,
    *,
    observe: Observer | None = None,
    memory_budget: int = 2**29,
) -> Trajectory:
    """`run`, with everything but the seeds in one object."""
    seed_list = check_seeds(seeds)
    arrays.whole("run", "memory_budget", memory_budget, 1)
    keep_freed_memory()
    workers = _workers(configuration, len(seed_list), observe)
    size = _chunk_size(configuration, len(seed_list), memory_budget // workers, workers)
    slices = [slice(start, min(start + size, len(seed_list))) for start in range(0, len(seed_list), size)]

    def work(runs: slice) -> Trajectory:
        with np.errstate(over="ignore", invalid="ignore"), arrays.threads(max(1, arrays.thread_count() // workers)):
            return _Chunk(configuration, seed_list[runs], runs, observe).train()

    if workers == 1:
        parts = [work(runs) for runs in slices]
    else:
        with one_blas_thread(), ThreadPoolExecutor(workers) as pool:
            # Each call gets a context of its own, with the settings of this one.
            waiting = [pool.submit(copy_context().run, work, runs) for runs in slices]
            parts = [each.result() for each in waiting]
    return join_runs(parts, configuration.parameters)


def keep_freed_memory() -> None:
    """Make the C library keep the memory of freed arrays instead of returning it to the system.

    An array of a few megabytes is otherwise mapped anew each time, and page faults cost ten times the arithmetic. In
    glibc the block sizes that are kept grow with the largest block that was freed, up to 32 MiB; elsewhere this does
    nothing, and it costs microseconds.
    """
    np.empty(31 * 2**20, dtype=np.uint8)


def check_seeds(seeds: int | Sequence[int]) -> list[int]:
    """Seeds as a list; a number n stands for 0, ..., n - 1.

    Raises
    ------
    ValueError
        If there is none, or one is negative or not whole.
    """
    if isinstance(seeds, int | np.integer):
        seeds = range(arrays.whole("run", "seeds", seeds, 1))
    chosen = [arrays.whole("run", "a seed", seed) for seed in seeds]
    if not chosen:
        raise ValueError("run needs at least one seed, got none")
    return chosen


def _workers(plan: Configuration, runs: int, observe: Observer | None) -> int:
    """Number of chunks that are trained at the same time, on threads.

    Machine code lets go of the interpreter's lock, and so does NumPy in its kernels. Where these are many or short, as
    without the fused iteration or for NumPy's averages, threads mostly wait for each other.
    """
    method, attack = plan.method, plan.attacker if plan.byzantine_count else None
    if observe is not None or str(plan.xp) != "numpy" or not isinstance(plan.problem, ProblemFamily):
        return 1
    if not may_fuse(method, attack) or (isinstance(method.rule, Mean) and not active()):
        return 1
    messages = 8 * runs * method.encoding.devices * plan.problem.dimension
    return max(1, min(arrays.thread_count(), runs, messages // _THREAD_BYTES))


def _chunk_size(plan: Configuration, runs: int, memory_budget: int, workers: int) -> int:
    M, Q, N = plan.problem.subsets, plan.problem.dimension, plan.method.encoding.devices
    batch = getattr(plan.problem, "runs", None)
    if batch is not None:
        if batch != runs:
            raise ValueError(f"run got a problem batched over {batch} runs for {runs} seeds")
        return runs
    entry = 8 if plan.dtype == "float64" else 4
    each = entry * (3 * M * Q + 6 * N * Q + 2 * N * M)
    return max(1, min(-(-runs // workers), memory_budget // each))


class _Chunk:
    """The state of one chunk of runs while it is trained."""

    def __init__(self, plan: Configuration, seeds: list[int], runs: slice, observe: Observer | None) -> None:
        self.plan, self.seeds, self.runs, self.observe = plan, seeds, runs, observe
        self.namespace = namespace_from_name(str(plan.xp))
        problem = plan.problem
        if isinstance(problem, ProblemFamily):
            problem = problem.draw(seeds, xp=self.namespace, device=plan.device, dtype=plan.dtype)
        self.problem: Problem = problem
        self.x = self._start()
        self.xp = array_namespace(self.x)
        self.encoder = plan.method.encoding.start(seeds, problem.subsets)
        self.masks = byzantine_draws(seeds, plan.method.encoding.devices, plan.byzantine_count, plan.byzantine)
        self.streams = run_streams(seeds)
        self.attack = plan.attacker if plan.byzantine_count else None
        self.limit = float(np.finfo(plan.dtype).max) ** 0.25
        self.fused = None
        if observe is None:
            self.fused = fuse(plan.method, self.encoder, problem, self.attack, self.masks, self.limit)
        self.unharmed = True
        self.diverged = arrays.to_namespace(self.xp, np.full(len(seeds), -1), self.x)
        self.records: list[tuple[Array, Array]] = []
        self.measured: dict[str, list[Array]] = {name: [] for name in plan.measures}

    def _start(self) -> Array:
        plan, Q = self.plan, self.problem.dimension
        start = plan.x0 if plan.x0 is not None else getattr(plan.problem, "initial", None)
        if start is None:
            values: npt.NDArray[np.float64] = np.zeros((len(self.seeds), Q))
        elif callable(start):
            values = np.stack([to_host(start(seed)) for seed in self.seeds])
        else:
            values = to_host(start)
            values = values[self.runs] if values.ndim == 2 else np.stack([values] * len(self.seeds))
        if values.shape != (len(self.seeds), Q) or not np.isfinite(values).all():
            raise ValueError(f"run needs a finite x0 of shape ({Q},) or (runs, {Q}), got {values.shape[1:]} a run")
        dtype = getattr(self.namespace, plan.dtype)
        x = self.namespace.asarray(np.array(values), dtype=dtype, device=plan.device)
        if x.dtype != dtype:
            raise ValueError(f"run asked {plan.xp} for {plan.dtype} and got {x.dtype}: does it have to be enabled?")
        return x

    def train(self) -> Trajectory:
        """Run all iterations."""
        iteration, due = 0, 0
        while iteration < self.plan.iterations:
            recorded = self.plan.recorded(iteration)
            residuals = None
            if self.fused is not None and (recorded or not self.fused.several):
                residuals = self.fused.problem.residuals(self.x)
            if recorded:
                self._record(residuals)
            done = 0 if recorded and self.plan.measures else self._advance(iteration)
            if not done:
                self._step(iteration, recorded, residuals)
            iteration += max(1, done)
            if iteration > due:
                if bool(self.xp.all(self.diverged >= 0)):
                    break
                due += _LIVENESS_CHECK
        self._record()
        return self._finish()

    def _advance(self, iteration: int) -> int:
        """Do the iterations up to the next one that is recorded, or some of them, at once; returns their number."""
        plan = self.plan
        if self.fused is None or not self.fused.several:
            return 0
        # No more at once than have their draws together: each call would go through the rest again.
        end = min(iteration + BLOCK, plan.iterations)
        stop = next((t for t in range(iteration + 1, end) if plan.recorded(t)), end)
        rates = [plan.learning_rate(t) * plan.method.step_scale for t in range(iteration, stop)]
        ahead = self.fused.advance(self.x, iteration, rates)
        assert ahead is not None
        done, moved, fine = ahead
        if self.unharmed and fine.all():
            self.x = moved
            return done
        for t in range(iteration, iteration + done):
            self._step(t, False, None)
        # A run's result must not depend on how the others fare.
        self.x = np.where((fine & (self.diverged < 0))[:, None], moved, self.x)
        return done

    def _step(self, iteration: int, recorded: bool, residuals: Array | None) -> None:
        plan = self.plan
        aggregate = None
        if self.fused is not None and residuals is not None and not (recorded and plan.measures):
            aggregate = self.fused.aggregate(residuals, iteration)
        if aggregate is None:
            aggregate = self._plain_aggregate(iteration, recorded)
        self._move(aggregate, plan.learning_rate(iteration) * plan.method.step_scale, iteration)

    def _plain_aggregate(self, iteration: int, recorded: bool) -> Array:
        """Messages, attack, compression, rule, one after another, for any parts; and what is observed of them."""
        plan, xp = self.plan, self.xp
        messages = self.encoder.messages(self.problem, self.x, iteration)
        mask = self.masks.at(iteration)
        sent = self._transmit(messages, mask, iteration)
        byzantine = arrays.to_namespace(xp, mask, messages)
        knows = plan.method.knows_identities
        aggregate = honest_mean(sent, byzantine) if knows else plan.method.rule(sent)
        if self.observe is not None or (recorded and plan.measures):
            seen = Observation(iteration, self.runs, self.problem, self.x, messages, sent, byzantine, aggregate)
            self._observe(seen, recorded)
        return aggregate

    def _transmit(self, messages: Array, byzantine: npt.NDArray[np.bool_], iteration: int) -> Array:
        """Attack, then compress what every device sends."""
        plan, attack, sent = self.plan, self.attack, messages
        if attack is not None:
            rng = [streams.at(Purpose.ATTACK, iteration) for streams in self.streams] if attack.needs_rng else None
            poisoned = self._poisoned(iteration) if attack.needs_poisoned else None
            sent = attack(sent, byzantine, rng=rng, rule=plan.method.rule, f=plan.method.f or None, poisoned=poisoned)
        if plan.method.compressor is not None:
            rng = [streams.at(Purpose.COMPRESSION, iteration) for streams in self.streams]
            sent = plan.method.compressor(sent, rng=rng)
        return sent

    def _poisoned(self, iteration: int) -> Array:
        """What the devices would send if their labels were flipped."""
        flipped = getattr(self.problem, "with_flipped_labels", None)
        if flipped is None:
            raise ValueError(f"{self.attack!r} needs a problem with labels, got {type(self.problem).__name__}")
        return self.encoder.messages(flipped(), self.x, iteration)

    def _observe(self, seen: Observation, recorded: bool) -> None:
        if self.observe is not None:
            self.observe(seen)
        if recorded:
            for name, values in self.measured.items():
                values.append(MEASURES[name](seen))

    def _move(self, aggregate: Array, rate: float, iteration: int) -> None:
        """Step the runs that are alive; one whose next iterate is too large keeps the last that was not."""
        xp = self.xp
        moved = self.x - rate * aggregate
        if self.unharmed and arrays.fast(xp) and np.abs(moved).max() <= self.limit:
            self.x = moved
            return
        self.unharmed = False
        usable = xp.max(xp.abs(moved), axis=-1) <= self.limit
        alive = usable & (self.diverged < 0)
        self.diverged = xp.where(usable | (self.diverged >= 0), self.diverged, iteration + 1)
        self.x = xp.where(alive[:, None], moved, self.x)

    def _record(self, residuals: Array | None = None) -> None:
        both = getattr(self.problem, "loss_and_gradient", None)
        if residuals is not None and self.fused is not None:
            loss, gradient = self.fused.problem.loss_and_gradient(self.x, residuals)
        else:
            loss, gradient = both(self.x) if both else (self.problem.loss(self.x), self.problem.gradient(self.x))
        square = self.xp.sum(gradient * gradient, axis=-1)
        alive = self.diverged < 0
        self.records.append((self.xp.where(alive, loss, self.xp.nan), self.xp.where(alive, square, self.xp.nan)))

    def _finish(self) -> Trajectory:
        recorded = np.array(self.plan.records, dtype=np.int64)
        count = len(recorded)
        diverged = to_host(self.diverged).astype(np.int64)
        loss, square = (_columns([record[part] for record in self.records], count) for part in (0, 1))
        return Trajectory(
            method=self.plan.method.name,
            parameters={},
            seeds=tuple(self.seeds),
            iterations=recorded,
            loss=loss,
            grad_norm_sq=square,
            final=to_host(self.x),
            diverged=tuple(None if at < 0 else int(at) for at in diverged),
            measures={name: self._dead_to_nan(_columns(values, count)) for name, values in self.measured.items()},
        )

    def _dead_to_nan(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        recorded = np.array(self.plan.records)
        diverged = to_host(self.diverged)[:, None]
        return np.where((diverged >= 0) & (recorded >= diverged), np.nan, values)


def _columns(values: Sequence[Array], count: int) -> npt.NDArray[np.float64]:
    """Stack records as columns, with NaN for those that an early end left out."""
    stacked = np.stack([to_host(entry) for entry in values], axis=-1)[:, :count]
    missing = np.full((len(stacked), count - stacked.shape[1]), np.nan)
    return np.concatenate([stacked, missing], axis=1)
