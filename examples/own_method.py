"""A method of one's own, composed of parts, against the paper's, with paired seeds."""

from __future__ import annotations

from byzbounds.simulate import Method, method_from_name, run
from byzbounds.simulate.aggregation import NNM, GeometricMedian
from byzbounds.simulate.encoding import CyclicEncoding
from byzbounds.simulate.problems import LadRegression


def main() -> None:
    """Print final losses of both methods."""
    problem = LadRegression(N=20, Q=10, sigma_H=0.3)
    own = Method("LAD-GM-NNM", CyclicEncoding(20, d=4), NNM(f=4) >> GeometricMedian(), f=4)
    for method in (own, method_from_name("LAD-CWTM", N=20, f=4, d=4)):
        trajectory = run(method, problem, iterations=200, gamma=1e-5, seeds=5, attack="alie")
        print(f"{method.name:<12} {trajectory.loss[:, 0].mean():.5g} -> {trajectory.loss[:, -1].mean():.5g}")


if __name__ == "__main__":
    main()
