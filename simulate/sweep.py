"""Many configurations over many seeds, on any executor, resumable."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from . import arrays
from .configuration import Configuration
from .store import Store, run_key
from .training import check_seeds, train
from .trajectory import Trajectory, join_runs


class SweepError(RuntimeError):
    """Some runs failed; what the others gave is in `finished`, and in the store if there is one.

    Parameters
    ----------
    failures
        Configuration number, seeds and error of each failed task.
    finished
        Trajectories of the configurations that are complete, by number.
    """

    def __init__(
        self, failures: Sequence[tuple[int, tuple[int, ...], BaseException]], finished: Mapping[int, Trajectory]
    ) -> None:
        self.failures, self.finished = tuple(failures), dict(finished)
        number, seeds, error = self.failures[0]
        super().__init__(
            f"{len(self.failures)} of the sweep's tasks failed, first configuration {number}, seeds {seeds}: {error!r}"
        )


@dataclass(frozen=True)
class _Task:
    number: int
    seeds: tuple[int, ...]


def grid(**axes: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """All combinations of the axes' values, as keyword arguments; the last axis varies fastest."""
    names = list(axes)
    for values in itertools.product(*axes.values()):
        yield dict(zip(names, values, strict=True))


def sweep(
    configurations: Sequence[Configuration],
    seeds: int | Sequence[int] = 20,
    *,
    executor: Executor | None = None,
    store: Store | None = None,
    batch: int = 20,
    progress: bool = False,
) -> list[Trajectory]:
    """Train each configuration on each seed.

    Parameters
    ----------
    configurations
        What to train.
    seeds
        Seeds of the runs, or their number: then 0, 1, ... .
    executor
        Where to run: a process pool, Dask's ``client.get_executor()``, mpi4py's; None for here, one after another.
    store
        Where finished runs are kept. Runs that it already has are not repeated, so an interrupted sweep resumes when it
        is called again. Only this process writes to it.
    batch
        Number of seeds that are trained together; results do not depend on it.
    progress
        Show a progress bar.

    Returns
    -------
    list of Trajectory
        One a configuration, in the given order, with the seeds in the given order.

    Raises
    ------
    SweepError
        If tasks failed, after all others are done.
    ValueError
        If there is no seed or a batch is below 1.
    """
    seed_list = check_seeds(seeds)
    if len(set(seed_list)) != len(seed_list):
        raise ValueError(f"sweep needs different seeds, got {seed_list}")
    if batch < 1:
        raise ValueError(f"sweep needs a batch of at least 1, got {batch}")
    done = _stored(configurations, seed_list, store)
    tasks = list(_tasks(len(configurations), seed_list, done, batch))
    failures: list[tuple[int, tuple[int, ...], BaseException]] = []
    with _progress_bar(progress, total=len(configurations) * len(seed_list)) as advance:
        advance(len(done))
        for task, result in _results(configurations, tasks, executor):
            if isinstance(result, BaseException):
                failures.append((task.number, task.seeds, result))
                continue
            for position, seed in enumerate(task.seeds):
                done[task.number, seed] = result.select(position)
                if store is not None:
                    store.save(run_key(configurations[task.number], seed), done[task.number, seed])
            advance(len(task.seeds))
    complete = {
        number: join_runs([done[number, seed] for seed in seed_list])
        for number in range(len(configurations))
        if all((number, seed) in done for seed in seed_list)
    }
    if failures:
        raise SweepError(failures, complete)
    return [complete[number] for number in range(len(configurations))]


def _stored(
    configurations: Sequence[Configuration], seeds: Sequence[int], store: Store | None
) -> dict[tuple[int, int], Trajectory]:
    if store is None:
        return {}
    found = {
        (number, seed): store.load(run_key(configuration, seed))
        for number, configuration in enumerate(configurations)
        for seed in seeds
    }
    return {place: trajectory for place, trajectory in found.items() if trajectory is not None}


def _tasks(count: int, seeds: Sequence[int], done: Mapping[tuple[int, int], Trajectory], batch: int) -> Iterator[_Task]:
    for number in range(count):
        missing = [seed for seed in seeds if (number, seed) not in done]
        for start in range(0, len(missing), batch):
            yield _Task(number, tuple(missing[start : start + batch]))


def _results(
    configurations: Sequence[Configuration], tasks: Sequence[_Task], executor: Executor | None
) -> Iterator[tuple[_Task, Trajectory | BaseException]]:
    """Each task with its trajectory or its error, as they come."""
    if executor is None:
        for task in tasks:
            try:
                yield task, train(configurations[task.number], task.seeds)
            except Exception as failure:
                yield task, failure
        return
    running: dict[Future[Trajectory], _Task] = {
        executor.submit(_train_on_one_thread, configurations[task.number], task.seeds): task for task in tasks
    }
    for future in as_completed(running):
        error = future.exception()
        yield running[future], future.result() if error is None else error


def _train_on_one_thread(configuration: Configuration, seeds: Sequence[int]) -> Trajectory:
    """Train in a task of an executor, which is what shares out the processors."""
    with arrays.threads(1):
        return train(configuration, seeds)


def _progress_bar(shown: bool, total: int) -> Any:
    """A context manager that yields a function which advances the bar by a number of runs."""
    if not shown:
        return nullcontext(_ignore)
    return _RichBar(total)


def _ignore(count: int) -> None:
    del count


class _RichBar:
    def __init__(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._total = total

    def __enter__(self) -> Any:
        self._bar.start()
        task = self._bar.add_task("runs", total=self._total)
        return lambda count: self._bar.advance(task, count)

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()
