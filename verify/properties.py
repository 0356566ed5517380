"""The properties of an aggregation rule, each a predicate on one set of messages.

A predicate returns None where the property holds, and otherwise one line that says how it fails.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from .strategies import MessageSet, Shape
from .subject import Subject, as_numpy

Predicate = Callable[[Subject, MessageSet], str | None]


@dataclass(frozen=True)
class Property:
    """A property and the message sets on which it is tested.

    Attributes
    ----------
    name : str
        As in ``subject.PROPERTIES``.
    holds : callable
        The predicate.
    shapes : tuple of Shape
        Equivariances are tested on messages without ties: at a tie a rule that selects messages may pick either.
    dtypes : tuple of str
        Each is tested.
    """

    name: str
    holds: Predicate
    shapes: tuple[Shape, ...] = tuple(Shape)
    dtypes: tuple[str, ...] = ("float64",)


def _far(subject: Subject, got: Any, wanted: Any, *scale: Any) -> str | None:
    difference = float(np.max(np.abs(as_numpy(got) - as_numpy(wanted)), initial=0.0))
    allowed = subject.error(*scale)
    if difference <= allowed:
        return None
    return f"differs by {difference:.3g}, rounding allows {allowed:.3g}"


def _shape(subject: Subject, sample: MessageSet) -> str | None:
    messages = sample.messages
    got, wanted = tuple(subject(messages).shape), tuple(messages.shape[1:])
    return None if got == wanted else f"result has shape {got}, not {wanted}"


def _dtype(subject: Subject, sample: MessageSet) -> str | None:
    messages = sample.messages
    got = subject(messages).dtype
    return None if got == messages.dtype else f"{messages.dtype} messages give {got}"


def _determinism(subject: Subject, sample: MessageSet) -> str | None:
    first, second = as_numpy(subject(sample.messages)), as_numpy(subject(sample.messages))
    return (
        None if np.array_equal(first, second, equal_nan=True) else "two calls on equal messages give different results"
    )


def _no_mutation(subject: Subject, sample: MessageSet) -> str | None:
    messages = np.array(as_numpy(sample.messages))
    before = messages.copy()
    subject(messages)
    return None if np.array_equal(messages, before) else "the call changed its input"


def _unanimity(subject: Subject, sample: MessageSet) -> str | None:
    same = np.repeat(as_numpy(sample.honest)[:1], subject.n, axis=0)
    trouble = _far(subject, subject(same.copy()), same[0], same)
    return trouble and f"n equal messages do not give that message: {trouble}"


def _non_finite(subject: Subject, sample: MessageSet) -> str | None:
    if subject.f == 0:
        return None
    for payload in (math.nan, math.inf, -math.inf):
        messages = np.array(as_numpy(sample.messages))
        messages[[sample.order.index(subject.n - subject.f + j) for j in range(subject.f)]] = payload
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                result = as_numpy(subject(messages))
            except Exception:  # any refusal is an answer, whatever its type
                continue
        if not np.all(np.isfinite(result)):
            return f"f messages of {payload} give a result that is not finite, without an error"
    return None


def _f_zero(subject: Subject, sample: MessageSet) -> str | None:
    messages = np.array(as_numpy(sample.messages))
    result = as_numpy(subject(messages, f=0))
    if result.shape != messages.shape[1:] or not np.all(np.isfinite(result)):
        return f"f = 0 gives {result!r}"
    return None


def _backend(subject: Subject, sample: MessageSet) -> str | None:
    reference = as_numpy(subject(np.array(as_numpy(sample.messages))))
    for name in ("torch", "jax.numpy", "array_api_strict"):
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        messages = library.asarray(as_numpy(sample.messages).tolist(), dtype=library.float32)
        result = subject(messages)
        if array_api_compat.array_namespace(result) is not array_api_compat.array_namespace(messages):
            return f"{name} messages give a {type(result).__name__}"
        trouble = _far(subject, result, reference, as_numpy(messages))
        if trouble:
            return f"{name} and NumPy disagree: {trouble}"
    return None


def _batch(subject: Subject, sample: MessageSet) -> str | None:
    messages = as_numpy(sample.messages)
    stack = np.stack([messages, messages[::-1], 2 * messages])
    wanted = np.stack([as_numpy(subject(one)) for one in stack])
    got = as_numpy(subject(stack))
    if got.shape != wanted.shape:
        return f"a batch of 3 gives shape {got.shape}, not {wanted.shape}"
    trouble = _far(subject, got, wanted, stack)
    return trouble and f"a batch differs from its members one by one: {trouble}"


def _permutation(subject: Subject, sample: MessageSet) -> str | None:
    messages = as_numpy(sample.messages)
    trouble = _far(subject, subject(messages[::-1].copy()), subject(messages), messages)
    return trouble and f"the devices' order matters: {trouble}"


def _translation(subject: Subject, sample: MessageSet) -> str | None:
    messages = as_numpy(sample.messages)
    shift = np.arange(1, messages.shape[1] + 1) * 8.0
    moved = messages + shift
    trouble = _far(subject, subject(moved), as_numpy(subject(messages)) + shift, moved, messages)
    return trouble and f"agg(x + c) is not agg(x) + c: {trouble}"


def _scale(subject: Subject, sample: MessageSet) -> str | None:
    messages = as_numpy(sample.messages)
    for factor in (1024.0, 1 / 1024.0):
        trouble = _far(subject, subject(messages * factor), as_numpy(subject(messages)) * factor, messages * factor)
        if trouble:
            return f"agg(c x) is not c agg(x) at c = {factor:g}: {trouble}"
    return None


def _orthogonal(subject: Subject, sample: MessageSet) -> str | None:
    messages = as_numpy(sample.messages)
    normal = np.arange(1.0, messages.shape[1] + 1)
    reflection = np.eye(len(normal)) - 2 * np.outer(normal, normal) / (normal @ normal)
    turned = messages @ reflection
    trouble = _far(subject, subject(turned), as_numpy(subject(messages)) @ reflection, turned, messages)
    return trouble and f"agg(x R) is not agg(x) R for a reflection R: {trouble}"


def _breakdown(subject: Subject, sample: MessageSet) -> str | None:
    """Grow the Byzantine messages: the deviation may not grow with them.

    A bounded rule's deviation stays below a multiple of the honest spread. The multiple allowed is 10^4; the messages
    grow to 10^9 spreads, so that a rule that passes even a part in 10^5 of them on is found.
    """
    honest, byzantine = as_numpy(sample.honest), as_numpy(sample.byzantine)
    if not subject.f:
        return None
    centre = honest.mean(axis=0)
    spread = float(np.max(np.linalg.norm(honest - centre, axis=1))) or 1.0
    for direction in (byzantine - centre, np.ones_like(byzantine), -np.ones_like(byzantine)):
        far = centre + 1e9 * spread * direction
        messages = np.concatenate([honest, far])[list(sample.order)]
        deviation = float(np.linalg.norm(as_numpy(subject(messages)) - centre))
        if not deviation <= 1e4 * spread:
            return (
                f"Byzantine messages at {1e9 * spread:.1g} carry the result {deviation:.3g} away from the honest mean"
            )
    return None


def _kappa(subject: Subject, sample: MessageSet) -> str | None:
    if subject.kappa is None:
        return None
    honest = as_numpy(sample.honest)
    centre = honest.mean(axis=0)
    deviation = float(np.linalg.norm(as_numpy(subject(sample.messages)) - centre))
    spread = math.sqrt(float(np.mean(np.sum((honest - centre) ** 2, axis=1))))
    slack = subject.error(honest, as_numpy(sample.byzantine)) * math.sqrt(honest.shape[1])
    if deviation <= math.sqrt(subject.kappa) * spread + slack:
        return None
    measured = deviation**2 / spread**2 if spread else math.inf
    return (
        f"||agg - mean||^2 is {measured:.6g} times the honest mean square deviation, above kappa = {subject.kappa:.6g}"
    )


_GENERIC = (Shape.GENERIC,)
ALL = {
    p.name: p
    for p in (
        Property("shape", _shape),
        Property("dtype", _dtype, dtypes=("float64", "float32")),
        Property("determinism", _determinism),
        Property("no mutation", _no_mutation),
        Property("unanimity", _unanimity),
        Property("non-finite input", _non_finite),
        Property("f = 0", _f_zero),
        Property("backend", _backend, shapes=_GENERIC),
        Property("batch", _batch, shapes=_GENERIC),
        Property("permutation", _permutation, shapes=_GENERIC),
        Property("translation", _translation, shapes=_GENERIC),
        Property("scale", _scale, shapes=_GENERIC),
        Property("orthogonal", _orthogonal, shapes=_GENERIC),
        Property("breakdown", _breakdown),
        # The worst case of many rules is a two-level set: it is drawn about a third of the time.
        Property("kappa", _kappa, shapes=(*Shape, *(Shape.TWO_LEVEL,) * 5)),
    )
}
