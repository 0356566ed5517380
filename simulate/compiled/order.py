"""Weighted sums of order statistics of each coordinate, by a pruned sorting network in vector registers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .emit import Emitter
from .networks import pruned, sorting_network


def sort_lanes(emit, values, groups):
    values = list(values)
    for low, high in pruned(sorting_network(len(values)), groups):
        values[low], values[high] = emit.lesser(values[low], values[high])
    return values


@lru_cache
def weighted(weights: tuple, dtype):
    n = len(weights)
    emit = Emitter(dtype, 2, 5)
    x, out = emit.pointers
    set_stride, row_stride, sets, columns, out_stride = emit.integers
    at = emit.at
    zero = emit.splat(0.0)
    last = at.sub(columns, emit.number(emit.lanes))
    with emit.loop(sets, carried=[zero]) as over_sets:
        base = emit.offset(x, at.mul(over_sets.index, set_stride))
        target = emit.offset(out, at.mul(over_sets.index, out_stride))
        with emit.loop(columns, emit.lanes, carried=over_sets.carried) as over_columns:
            column = emit.least(over_columns.index, last)
            place = emit.offset(base, column)
            values, flag = [], over_columns.carried[0]
            for i in range(n):
                v = emit.load(place)
                values.append(v)
                if i + 1 < n:
                    place = emit.offset(place, row_stride)
                flag = at.fadd(flag, at.fmul(v, zero, flags=("contract",)), flags=("contract",))
            values = sort_lanes(emit, values, weights)
            total = None
            for w in sorted({w for w in weights if w}):
                part = None
                for i in range(n):
                    if weights[i] == w:
                        part = values[i] if part is None else at.fadd(part, values[i])
                part = at.fmul(part, emit.splat(w))
                total = part if total is None else at.fadd(total, part)
            emit.store(total, emit.offset(target, column))
            over_columns.hand_on(flag)
        over_sets.hand_on(*over_columns.results)
    return emit.finish(emit.total(over_sets.results[0]))
