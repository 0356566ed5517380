"""Rules and the training loop on a CUDA device, against its memory bandwidth and matrix-product rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from byzbounds.simulate import method_from_name, run
from byzbounds.simulate.aggregation import rule_from_name
from byzbounds.simulate.problems.regression import LadRegression

Row = dict[str, Any]
RULES = (
    "mean",
    "cwtm",
    "median",
    "geometric-median",
    "krum",
    "multikrum",
    "nnm+cwtm",
    "phocas",
    "meamed",
    "centered-clipping",
)


CELLS = ((100, 10**6), (100, 10**7))


def _seconds(wait: Callable[[], None], call: Callable[[], Any], rounds: int = 5) -> float:
    call()
    taken = []
    for _ in range(rounds):
        wait()
        start = time.perf_counter()
        call()
        wait()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[rounds // 2]


def bench_gpu(
    *, kind: str = "cuda", cells: tuple[tuple[int, int], ...] = CELLS, seeds: int = 1000, iterations: int = 50
) -> Iterator[Row]:
    """Seconds of each rule beside a copy, a sort and a Gram product of the same input; then the training loop.

    Parameters
    ----------
    kind : str
        PyTorch's name of the kind of device; ``"cpu"`` tries the code without a GPU.
    cells : tuple of (n, q)
        Sizes of the messages.
    seeds, iterations : int
        Of the training loop.

    Raises
    ------
    SystemExit
        Without PyTorch, or without a CUDA device where one is asked for.
    """
    try:
        import torch
    except ImportError as error:
        raise SystemExit("the GPU benchmark needs PyTorch") from error
    cuda = kind == "cuda"
    if cuda and not torch.cuda.is_available():
        raise SystemExit("the GPU benchmark needs a CUDA device, and PyTorch sees none")
    device = torch.cuda.get_device_name() if cuda else kind
    wait = torch.cuda.synchronize if cuda else _nothing
    for n, q in cells:
        messages = torch.randn(n, q, device=kind, dtype=torch.float32)
        calls: dict[str, Callable[[], Any]] = {
            "limit: copy": messages.clone,
            "limit: sort": partial(torch.sort, messages, dim=0),
            "limit: Gram product": partial(torch.matmul, messages, messages.T),
            **{name: partial(rule_from_name(name, f=n // 5), messages) for name in RULES},
        }
        copied = None
        for what, call in calls.items():
            seconds = _seconds(wait, call)
            copied = seconds if copied is None else copied
            yield {"device": device, "what": what, "n": n, "q": q, "seconds": seconds, "over_copy": seconds / copied}
        del messages, calls
    for name in ("LAD-CWTM", "LAD-CWTM-NNM"):
        method = method_from_name(name, N=100, f=20, d=10)
        start = time.perf_counter()
        run(
            method, LadRegression(), iterations=iterations, gamma=1e-6, seeds=seeds, xp="torch", device=kind,
            record_every=iterations,
        )  # fmt: skip
        wait()
        seconds = (time.perf_counter() - start) / iterations
        what = f"{name}, {seeds} seeds, one iteration"
        yield {"device": device, "what": what, "n": 100, "q": 100, "seconds": seconds, "over_copy": None}


def _nothing() -> None:
    """What is to be waited for on a processor."""
