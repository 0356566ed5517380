"""How far is a bound from a run? LAD's error floor, printed and refined, against what a run reaches.

The location problem f_k(x) = ||x - c_k||^2 / 2 has the same heterogeneity at every x, so that all constants are known.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byzbounds.bounds import get
from byzbounds.bounds.numeric import evaluate
from byzbounds.simulate import method_from_name, run
from byzbounds.simulate.problems import UserProblem

N, F, Q = 30, 3, 5
CENTRES = np.random.default_rng(0).normal(size=(N, Q))


def gradients(x: Any) -> Any:
    """Gradients of all subsets, (..., N, Q), at x of shape (..., Q)."""
    return x[..., None, :] - CENTRES


def loss(x: Any) -> Any:
    """The sum of the subset losses."""
    return 0.5 * ((x[..., None, :] - CENTRES) ** 2).sum(axis=(-1, -2))


def main() -> None:
    """Print printed bound, refined floor and measured value over the computational load."""
    problem = UserProblem(gradients, M=N, Q=Q, value=loss)
    beta_squared = float(((CENTRES - CENTRES.mean(axis=0)) ** 2).sum() / N)
    kappa = F / (N - 2 * F)  # sharp for the trimmed mean
    print(f"{'d':>3} {'printed':>12} {'refined floor':>14} {'measured':>12}")
    for d in (1, 2, 5, 10, 20):
        method = method_from_name("LAD-CWTM", N=N, f=F, d=d, trim=F / N)
        trajectory = run(method, problem, iterations=400, gamma=0.05, seeds=5, record_every=1)
        measured = float(trajectory.grad_norm_sq[:, 200:].mean())
        values = {"N": N, "H": N - F, "d": d, "kappa": kappa, "beta": beta_squared**0.5}
        printed = evaluate(get("lad.eq34"), {**values, "L": N, "gamma0": 1e-9}, form="printed")
        refined = evaluate(get("refined.lad.floor"), {**values, "delta": 0})
        shown = "vacuous" if printed.vacuous else f"{printed.value:.4g}"
        print(f"{d:>3} {shown:>12} {refined.value:>14.4g} {measured:>12.4g}")


if __name__ == "__main__":
    main()
