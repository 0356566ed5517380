"""Puts a method's own constants into the general results of the descent lemma."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sympy as sp

from ..inequalities import Algebra
from ..named import Named
from ..proof import Chain, Derivation
from .notation import Constants, err_0, err_1, noise_0, noise_1

_LOG, _DECAY = sp.symbols("log_T decay", nonnegative=True)


def instantiate(
    key: str,
    general: Callable[[], Derivation],
    constants: Constants,
    more: Mapping[sp.Symbol, sp.Expr] | None = None,
    uses: tuple[str, ...] = (),
    simplified: sp.Expr | None = None,
) -> Callable[[], Derivation]:
    """Build the derivation of a special case.

    Parameters
    ----------
    key : str
        Key of the special case.
    general : callable
        Derivation of the general result.
    constants : tuple of four expressions
        ``err_0, err_1, noise_0, noise_1``: the bounds on the aggregation error and on the noise of the honest average.
    more : mapping, optional
        Further parameters to insert, such as the learning rate.
    uses : tuple of str
        Statements that the constants come from.
    simplified : sympy expression, optional
        The form to end with.

    Returns
    -------
    callable
        Builds the derivation when first called.
    """

    @cache
    def build() -> Derivation:
        base = general()
        given = {**dict(zip((err_0, err_1, noise_0, noise_1), constants, strict=True)), **(more or {})}
        after = base.conclusion.subs(given, simultaneous=True)
        names = _names(base.conclusion) | _names(after)
        chain = Chain(key, base.conclusion, "The method's own constants")
        chain.step("=", after, Named(Algebra(given, why="the method's own constants"), names))
        if simplified is not None:
            chain.step("=", simplified, Named(Algebra(), names | _names(simplified)))
        return chain.derivation(uses=(base.key, *uses))

    return build


def _names(expression: sp.Expr) -> dict[sp.Expr, sp.Symbol]:
    """Names for the functions of the number of steps; inserting a number of steps does not change which is which."""
    names: dict[sp.Expr, sp.Symbol] = dict.fromkeys(expression.atoms(sp.log), _LOG)
    powers = [power for power in expression.atoms(sp.Pow) if power.exp.free_symbols]
    return names | dict.fromkeys(powers, _DECAY)
