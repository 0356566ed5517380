"""Rules and the training loop on a CUDA device, against its memory bandwidth and matrix-product rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
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


def _seconds(torch: Any, call: Callable[[], Any], rounds: int = 5) -> float:
    call()
    taken = []
    for _ in range(rounds):
        torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[rounds // 2]


def bench_gpu() -> Iterator[Row]:
    """Seconds of each rule beside a copy, a sort and a Gram product of the same input; then the training loop.

    Raises
    ------
    SystemExit
        Without PyTorch and a CUDA device.
    """
    try:
        import torch
    except ImportError as error:
        raise SystemExit("the GPU benchmark needs PyTorch") from error
    if not torch.cuda.is_available():
        raise SystemExit("the GPU benchmark needs a CUDA device, and PyTorch sees none")
    device = torch.cuda.get_device_name()
    for n, q in ((100, 10**6), (100, 10**7)):
        messages = torch.randn(n, q, device="cuda", dtype=torch.float32)
        limits = {
            "copy": _seconds(torch, messages.clone),
            "sort": _seconds(torch, lambda m=messages: torch.sort(m, dim=0)),
            "Gram product": _seconds(torch, lambda m=messages: m @ m.T),
        }
        for name, seconds in limits.items():
            yield {
                "device": device,
                "what": f"limit: {name}",
                "n": n,
                "q": q,
                "seconds": seconds,
                "over_copy": seconds / limits["copy"],
            }
        for name in RULES:
            rule = rule_from_name(name, f=n // 5)
            seconds = _seconds(torch, lambda r=rule, m=messages: r(m))
            yield {
                "device": device,
                "what": name,
                "n": n,
                "q": q,
                "seconds": seconds,
                "over_copy": seconds / limits["copy"],
            }
        del messages
    for name in ("LAD-CWTM", "LAD-CWTM-NNM"):
        method = method_from_name(name, N=100, f=20, d=10)
        start = time.perf_counter()
        run(method, LadRegression(), iterations=50, gamma=1e-6, seeds=1000, xp="torch", device="cuda", record_every=50)
        torch.cuda.synchronize()
        seconds = (time.perf_counter() - start) / 50
        yield {
            "device": device,
            "what": f"{name}, 1000 seeds, one iteration",
            "n": 100,
            "q": 100,
            "seconds": seconds,
            "over_copy": None,
        }
