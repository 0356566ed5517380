"""Softmax regression and a small multilayer perceptron on labelled samples that are split into subsets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from .base import Array, to_host
from .dense import DenseProblem


@dataclass(frozen=True, eq=False)
class Samples:
    """Labelled samples by subset, padded to the size of the largest.

    Parameters
    ----------
    features
        (M, m, p); rows beyond a subset's size are zero.
    targets
        (M, m, C): 1 at the sample's class; rows beyond a subset's size are zero.
    """

    features: Array
    targets: Array

    def __post_init__(self) -> None:
        if self.features.ndim != 3 or self.features.shape[:2] != self.targets.shape[:2] or self.targets.ndim != 3:
            raise ValueError(
                f"Samples needs features (M, m, p) and targets (M, m, C), got shapes {tuple(self.features.shape)} and "
                f"{tuple(self.targets.shape)}"
            )

    @property
    def present(self) -> Array:
        """1 for samples, 0 for padding, (M, m, 1)."""
        return array_namespace(self.targets).sum(self.targets, axis=-1, keepdims=True)

    def flipped(self) -> Samples:
        """The same samples with class c called C - 1 - c."""
        return replace(self, targets=array_namespace(self.targets).flip(self.targets, axis=-1))

    def to_host(self) -> Samples:
        """The same in NumPy and double precision."""
        return Samples(to_host(self.features), to_host(self.targets))


def group_samples(
    features: npt.NDArray[Any], labels: npt.NDArray[np.int64], owner: npt.NDArray[np.int64], subsets: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Features (M, m, p) and targets (M, m, C) of n samples, given the subset that owns each."""
    sizes = np.bincount(owner, minlength=subsets)
    order = np.argsort(owner, kind="stable")
    place = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    grouped = np.zeros((subsets, int(sizes.max()), features.shape[1]))
    targets = np.zeros((subsets, int(sizes.max()), int(labels.max()) + 1))
    grouped[owner[order], place] = features[order]
    targets[owner[order], place, labels[order]] = 1
    return grouped, targets


@dataclass(frozen=True, eq=False)
class SoftmaxRegression(DenseProblem):
    """F(x) = sum of the samples' cross-entropies + (l2/2) ||x||^2; logistic regression where there are two classes.

    Parameters
    ----------
    samples
        The samples, with a constant feature if an intercept is wanted.
    l2
        Regularisation, shared equally by the subsets; at least 0.
    """

    samples: Samples
    l2: float = 0.0

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""
        return int(self.samples.features.shape[0])

    @property
    def dimension(self) -> int:
        """Q = p (C - 1): the last class has weights zero."""
        return int(self.samples.features.shape[2]) * (int(self.samples.targets.shape[2]) - 1)

    def with_flipped_labels(self) -> SoftmaxRegression:
        """The same problem with class c called C - 1 - c, for the label-flip attack."""
        return replace(self, samples=self.samples.flipped())

    def _logits(self, x: Array) -> Array:
        xp = array_namespace(x)
        p, classes = self.samples.features.shape[2], self.samples.targets.shape[2]
        weights = xp.reshape(x, (*x.shape[:-1], 1, p, classes - 1))
        scores = self.samples.features @ weights
        return xp.concat((scores, xp.zeros_like(scores[..., :1])), axis=-1)

    def all_gradients(self, x: Array) -> Array:
        """Gradients of the subsets, (..., M, Q)."""
        xp = array_namespace(x)
        errors = _errors(self._logits(x), self.samples)[..., :-1]
        gradients = xp.matrix_transpose(self.samples.features) @ errors
        flat = xp.reshape(gradients, (*x.shape[:-1], self.subsets, self.dimension))
        return flat + (self.l2 / self.subsets) * x[..., None, :]

    def loss(self, x: Array) -> Array:
        """F(x), (...)."""
        squares = array_namespace(x).sum(x * x, axis=-1)
        return _cross_entropy(self._logits(x), self.samples) + 0.5 * self.l2 * squares

    @cached_property
    def smoothness(self) -> float:
        """An upper bound of L: half of the largest eigenvalue of sum z z^T (a quarter for two classes), plus l2."""
        features = to_host(self.samples.features)
        largest = float(np.linalg.norm(features.reshape(-1, features.shape[-1]), 2)) ** 2
        return largest / (4 if self.samples.targets.shape[2] == 2 else 2) + self.l2

    @cached_property
    def optimum(self) -> npt.NDArray[np.float64]:
        """A minimiser found by L-BFGS in double precision on the host, (Q,); exists for l2 > 0.

        Raises
        ------
        ValueError
            If l2 = 0: separable samples have no minimiser.
        """
        if self.l2 <= 0:
            raise ValueError("SoftmaxRegression(l2=0) need not have a minimiser; set l2 > 0")
        from scipy.optimize import minimize

        host = SoftmaxRegression(self.samples.to_host(), self.l2)
        found = minimize(
            lambda x: (float(host.loss(x)), host.gradient(x)),
            np.zeros(self.dimension),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-9, "maxfun": 100_000},
        )
        return np.asarray(found.x, dtype=np.float64)

    @cached_property
    def minimum(self) -> float:
        """F*: F at the optimum less ||grad F||^2 / (2 l2), so that it is a lower bound however well that was found."""
        host = SoftmaxRegression(self.samples.to_host(), self.l2)
        gradient = host.gradient(self.optimum)
        return float(host.loss(self.optimum)) - float(gradient @ gradient) / (2 * self.l2)


@dataclass(frozen=True, eq=False)
class Perceptron(DenseProblem):
    """F(x) = sum of the samples' cross-entropies of a network with one hidden layer of tanh units.

    Parameters
    ----------
    samples
        The samples.
    hidden
        Number of hidden units.
    """

    samples: Samples
    hidden: int = 16

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""
        return int(self.samples.features.shape[0])

    @property
    def dimension(self) -> int:
        """Q: the weights and biases of both layers."""
        return sum(rows * columns for rows, columns in self._shapes)

    @property
    def _shapes(self) -> tuple[tuple[int, int], ...]:
        p, classes = int(self.samples.features.shape[2]), int(self.samples.targets.shape[2])
        return (p, self.hidden), (1, self.hidden), (self.hidden, classes), (1, classes)

    def with_flipped_labels(self) -> Perceptron:
        """The same problem with class c called C - 1 - c, for the label-flip attack."""
        return replace(self, samples=self.samples.flipped())

    def _forward(self, x: Array) -> tuple[Array, Array, Array]:
        """Hidden activations (..., M, m, h), logits (..., M, m, C), and the output layer's weights (..., 1, h, C)."""
        xp, layers, start = array_namespace(x), [], 0
        for rows, columns in self._shapes:
            part = x[..., start : start + rows * columns]
            layers.append(xp.reshape(part, (*x.shape[:-1], 1, rows, columns)))
            start += rows * columns
        hidden = xp.tanh(self.samples.features @ layers[0] + layers[1])
        return hidden, hidden @ layers[2] + layers[3], layers[2]

    def all_gradients(self, x: Array) -> Array:
        """Gradients of the subsets by back-propagation, (..., M, Q)."""
        xp = array_namespace(x)
        hidden, logits, output = self._forward(x)
        errors = _errors(logits, self.samples)
        inner = (errors @ xp.matrix_transpose(output)) * (1 - hidden * hidden)
        parts = (
            xp.matrix_transpose(self.samples.features) @ inner,
            xp.sum(inner, axis=-2, keepdims=True),
            xp.matrix_transpose(hidden) @ errors,
            xp.sum(errors, axis=-2, keepdims=True),
        )
        lead = (*x.shape[:-1], self.subsets)
        flat = [xp.reshape(part, (*lead, part.shape[-2] * part.shape[-1])) for part in parts]
        return xp.concat(flat, axis=-1)

    def loss(self, x: Array) -> Array:
        """F(x), (...)."""
        return _cross_entropy(self._forward(x)[1], self.samples)


def _errors(logits: Array, samples: Samples) -> Array:
    """Softmax of the logits less the targets, zero on padding: the derivative of the loss in the logits."""
    xp = array_namespace(logits)
    powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return samples.present * (powers / xp.sum(powers, axis=-1, keepdims=True)) - samples.targets


def _cross_entropy(logits: Array, samples: Samples) -> Array:
    """Sum over all samples of log sum exp of the logits less the target's logit, (...)."""
    xp = array_namespace(logits)
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    total = xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True)) * samples.present
    return xp.sum(total - xp.sum(shifted * samples.targets, axis=-1, keepdims=True), axis=(-3, -2, -1))
