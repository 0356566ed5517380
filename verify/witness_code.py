"""A counterexample to a property of an aggregation rule, as plain data and as code that repeats the calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .strategies import MessageSet
from .subject import as_numpy

#: Calls that the code repeats: the last one shows the fault, the one before is what it is compared with.
SHOWN = 2


def witness(sample: MessageSet, calls: Sequence[np.ndarray[Any, Any]], name: str, f: int | None) -> dict[str, Any]:
    """Describe a failure.

    Parameters
    ----------
    sample : MessageSet
        The honest and the Byzantine messages, and the order in which they come.
    calls : sequence of numpy.ndarray
        The messages of every call up to the failure: a property may send others than the sample, such as NaN.
    name : str
        The rule's name.
    f : int or None
        What the rule is told at the call; None if it takes no f.

    Returns
    -------
    dict
        ``honest``, ``byzantine``, ``order``, and ``code``, which needs a name ``rule``.
    """
    honest, byzantine = as_numpy(sample.honest), as_numpy(sample.byzantine)
    return {
        "honest": honest.tolist(),
        "byzantine": byzantine.tolist(),
        "order": list(sample.order),
        "code": "\n".join(_lines(sample, honest, byzantine, calls, name, f)),
    }


def _lines(
    sample: MessageSet,
    honest: np.ndarray[Any, Any],
    byzantine: np.ndarray[Any, Any],
    calls: Sequence[np.ndarray[Any, Any]],
    name: str,
    f: int | None,
) -> list[str]:
    drawn = np.concatenate([honest, byzantine])[list(sample.order)]
    shown = list(calls[-SHOWN:]) or [drawn]
    if not all(np.all(np.isfinite(messages)) for messages in shown):
        shown = shown[-1:]  # before the values that it chokes on, the rule did as it should
    lines = ["import numpy as np", "from numpy import inf, nan"] if np.any(~np.isfinite(shown[-1])) else [
        "import numpy as np"
    ]  # fmt: skip
    lines += [f"honest = {_array(honest)}", f"byzantine = {_array(byzantine)}"]
    told = "" if f is None else f", f={f}"
    for number, messages in enumerate(shown):
        suffix = "" if number == 0 else "_2"
        if number and np.array_equal(messages, shown[0]):
            source = "messages.copy()"
        elif np.array_equal(messages, drawn):
            source = f"np.concatenate([honest, byzantine])[{list(sample.order)}]"
        else:
            source = _array(messages)
        lines += [f"messages{suffix} = {source}", f"result{suffix} = rule(messages{suffix}{told})  # {name}"]
    return lines


def _array(values: np.ndarray[Any, Any]) -> str:
    text = f"np.array({values.tolist()}, dtype=np.{values.dtype})"
    return text if values.size else f"{text}.reshape({values.shape})"
