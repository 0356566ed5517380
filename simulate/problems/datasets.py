"""Classification on data that ships with scikit-learn (extra ``data``), split over subsets with label skew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..randomness import Purpose, stream
from .classification import Perceptron, Samples, SoftmaxRegression, group_samples
from .dense import DenseProblem

_LOADERS = {"digits": "load_digits", "breast_cancer": "load_breast_cancer"}


@dataclass(frozen=True)
class Classification:
    """Softmax (for two classes: logistic) regression, or a small perceptron, on one of scikit-learn's data sets.

    Features are centred and scaled to variance one, and a constant is added. The split into subsets is the same for all
    runs; runs differ by the start of a perceptron, and by what the method draws.

    Parameters
    ----------
    dataset
        "digits" (1797 images, 10 classes) or "breast_cancer" (569 samples, 2 classes).
    model
        "softmax" or "perceptron".
    M
        Number of subsets.
    alpha
        Label skew: the shares of a class are drawn from Dirichlet(alpha); the smaller, the more skewed.
    l2
        Regularisation of the softmax regression.
    hidden
        Hidden units of the perceptron.
    split_seed
        Seed of the split.
    """

    dataset: Literal["digits", "breast_cancer"] = "digits"
    model: Literal["softmax", "perceptron"] = "softmax"
    M: int = 100
    alpha: float = 1.0
    l2: float = 1.0
    hidden: int = 16
    split_seed: int = 0

    def __post_init__(self) -> None:
        if self.dataset not in _LOADERS:
            raise ValueError(f"Classification(dataset={self.dataset!r}) has to be one of {', '.join(_LOADERS)}")
        if self.model not in ("softmax", "perceptron"):
            raise ValueError(f"Classification(model={self.model!r}) has to be 'softmax' or 'perceptron'")
        if self.M < 1 or not self.alpha > 0 or not self.l2 >= 0 or self.hidden < 1:
            raise ValueError(
                f"Classification needs M >= 1, alpha > 0, l2 >= 0 and hidden >= 1, got M={self.M}, alpha={self.alpha}, "
                f"l2={self.l2}, hidden={self.hidden}"
            )

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""
        return self.M

    @property
    def dimension(self) -> int:
        """Q, the number of parameters."""
        return self._host.dimension

    @cached_property
    def _host(self) -> DenseProblem:
        return self._build(np, None, "float64")

    def owners(self) -> npt.NDArray[np.int64]:
        """The subset of each sample."""
        _, labels = _load(self.dataset)
        return dirichlet_split(labels, self.M, self.alpha, stream(self.split_seed, Purpose.PROBLEM))

    def draw(self, seeds: Sequence[int], *, xp: Any = np, device: Any = None, dtype: str = "float64") -> DenseProblem:
        """The problem, which all runs share."""
        del seeds
        return self._build(xp, device, dtype)

    def _build(self, xp: Any, device: Any, dtype: str) -> DenseProblem:
        features, labels = _load(self.dataset)
        grouped, targets = group_samples(features, labels, self.owners(), self.M)
        kind = getattr(xp, dtype)
        samples = Samples(*(xp.asarray(part, dtype=kind, device=device) for part in (grouped, targets)))
        return SoftmaxRegression(samples, self.l2) if self.model == "softmax" else Perceptron(samples, self.hidden)

    def initial(self, seed: int) -> npt.NDArray[np.float64]:
        """Start of a run: zero for the regression, small random weights for the perceptron (zero is a saddle point)."""
        if self.model == "softmax":
            return np.zeros(self.dimension)
        start: npt.NDArray[np.float64] = stream(seed, Purpose.START).standard_normal(self.dimension)
        start /= np.sqrt(self.hidden)
        return start


def dirichlet_split(
    labels: npt.NDArray[np.int64], subsets: int, alpha: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Assign samples to subsets: each class is shared out in proportions drawn from Dirichlet(alpha).

    A subset that would stay empty gets a sample of the largest one.

    Raises
    ------
    ValueError
        If there are more subsets than samples.
    """
    if subsets > len(labels):
        raise ValueError(f"dirichlet_split needs at least as many samples as subsets, got {len(labels)} and {subsets}")
    owner = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        shares = np.cumsum(rng.dirichlet(np.full(subsets, alpha)))
        owner[members] = np.minimum(
            np.searchsorted(shares, (np.arange(len(members)) + 0.5) / len(members)), subsets - 1
        )
    sizes = np.bincount(owner, minlength=subsets)
    for empty in np.flatnonzero(sizes == 0):
        largest = int(sizes.argmax())
        owner[np.flatnonzero(owner == largest)[0]] = empty
        sizes[largest] -= 1
        sizes[empty] += 1
    return owner


@cache
def _load(dataset: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Standardised features with a constant one last, and labels."""
    try:
        from sklearn import datasets
    except ImportError:
        raise ImportError("Classification needs scikit-learn: install the extra, byzbounds[data]") from None
    features, labels = getattr(datasets, _LOADERS[dataset])(return_X_y=True)
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.concatenate((scaled, np.ones((len(scaled), 1))), axis=1), labels.astype(np.int64)
