"""One formula, three evaluators: exact, multi-precision, and vectorised over grids."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any, Literal

import numpy as np
import sympy as sp
from sympy.printing.numpy import NumPyPrinter

from .parsing import parse_range, parse_value
from .statement import Hypothesis, Relation, Statement

__all__ = ["Evaluation", "Form", "Mode", "check_domain", "evaluate", "evaluate_grid", "parse_range", "parse_value"]

Form = Literal["formula", "printed", "derived"]
Mode = Literal["exact", "mp", "float"]
_LOWER = (Relation.LOWER, Relation.TIGHT_LOWER)


@dataclass(frozen=True)
class Evaluation:
    """The value of one statement at one point.

    Attributes
    ----------
    key : str
        The statement.
    values : dict of str to sympy number
        The point.
    exact : sympy object
        Rational, surd, infinity at a vacuous point, or a truth value; in mode "mp" a multi-precision float.
    value : float
        The same in double precision; truth values are 1.0 and 0.0.
    vacuous : bool
        Whether a condition of the statement fails, so that it says nothing here.
    violated : tuple of str
        The failing conditions, in words.
    """

    key: str
    values: dict[str, sp.Expr]
    exact: sp.Basic
    value: float
    vacuous: bool
    violated: tuple[str, ...]


def _chosen(statement: Statement, form: Form) -> sp.Basic:
    if form not in ("formula", "printed", "derived"):
        raise ValueError(f"form is formula, printed or derived, got {form!r}")
    formula = getattr(statement, form)
    if formula is None:
        raise ValueError(f"{statement.key} has no {form} form to evaluate")
    return formula


def _check_names(statement: Statement, given: set[str]) -> None:
    names = [symbol.name for symbol in statement.symbols]
    missing = [name for name in names if name not in given]
    surplus = sorted(given - set(names))
    if missing:
        raise ValueError(f"{statement.key} needs {', '.join(names)}; missing {', '.join(missing)}")
    if surplus:
        raise ValueError(
            f"{statement.key} knows no parameter {', '.join(surplus)}; it takes {', '.join(names) or 'none'}"
        )


def _symbol_rule(symbol: sp.Symbol) -> tuple[str, Callable[[Any], Any]] | None:
    """Sign that the symbol itself demands, in words and as a test of numbers or arrays."""
    if symbol.is_positive:
        return f"{symbol.name} > 0", lambda value: value > 0
    if symbol.is_nonnegative:
        return f"{symbol.name} >= 0", lambda value: value >= 0
    return None


def _violation(key: str, text: str, values: Mapping[str, object]) -> ValueError:
    point = ", ".join(f"{name}={value}" for name, value in values.items())
    return ValueError(f"{key} needs {text}, got {point}")


def _holds(condition: sp.Basic, point: Mapping[sp.Symbol, sp.Expr]) -> bool:
    truth = condition.xreplace(point)
    if truth not in (sp.true, sp.false):
        truth = sp.simplify(truth)
    if truth not in (sp.true, sp.false):
        raise ValueError(f"cannot decide {condition} at {point}")
    return bool(truth)


def check_domain(statement: Statement, values: Mapping[str, sp.Expr]) -> None:
    """Raise if the point is outside the statement's domain.

    Raises
    ------
    ValueError
        Naming the parameter or the hypothesis, and the value.
    """
    _check_names(statement, set(values))
    for symbol in statement.symbols:
        value = values[symbol.name]
        if symbol.is_integer and not value.is_integer:
            raise _violation(statement.key, f"a whole number {symbol.name}", {symbol.name: value})
        rule = _symbol_rule(symbol)
        if rule is not None and not bool(rule[1](value)):
            raise _violation(statement.key, rule[0], {symbol.name: value})
    for hypothesis in statement.domain:
        if hypothesis.condition is not None and not _holds(hypothesis.condition, _point(statement, values)):
            raise _hypothesis_error(statement.key, hypothesis, values)


def _hypothesis_error(key: str, hypothesis: Hypothesis, values: Mapping[str, object]) -> ValueError:
    assert hypothesis.condition is not None
    names = sorted(symbol.name for symbol in hypothesis.condition.free_symbols)
    return _violation(key, hypothesis.text, {name: values[name] for name in names})


def _point(statement: Statement, values: Mapping[str, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    return {symbol: values[symbol.name] for symbol in statement.symbols}


def evaluate(
    statement: Statement,
    values: Mapping[str, str | int | float | sp.Basic],
    form: Form = "formula",
    mode: Mode = "exact",
    digits: int = 50,
) -> Evaluation:
    """Evaluate a statement at one point.

    Parameters
    ----------
    statement : Statement
        Anything in the catalogue that has a formula.
    values : mapping of str to number
        By symbol name; strings as :func:`~byzbounds.bounds.parsing.parse_value` reads them.
    form : {"formula", "printed", "derived"}
        Which form; "formula" is the derived form where there is one, else the printed one.
    mode : {"exact", "mp", "float"}
        Rationals and surds; ``digits`` significant decimal digits; or double precision.
    digits : int
        For mode "mp".

    Returns
    -------
    Evaluation
        At a vacuous point an upper bound is infinite and a lower bound (of a non-negative quantity) is zero.

    Raises
    ------
    ValueError
        For a missing or surplus parameter, a point outside the domain, or a statement without that form.
    """
    formula = _chosen(statement, form)
    exact_values = {name: parse_value(value) for name, value in values.items()}
    check_domain(statement, exact_values)
    point = _point(statement, exact_values)
    demanded = ((h.text, h.of_form(form)) for h in statement.conditions)
    violated = tuple(text for text, condition in demanded if condition is not None and not _holds(condition, point))
    if violated:
        nothing = sp.S.Zero if statement.relation in _LOWER else sp.oo
        return Evaluation(statement.key, exact_values, nothing, float(nothing), True, violated)
    exact = _value(formula, point, mode, digits)
    return Evaluation(statement.key, exact_values, exact, _as_float(statement.key, exact), False, ())


def _value(formula: sp.Basic, point: dict[sp.Symbol, sp.Expr], mode: Mode, digits: int) -> sp.Basic:
    if mode == "float":
        symbols = tuple(sorted(formula.free_symbols, key=lambda symbol: symbol.name))
        with np.errstate(all="ignore"):
            (number,) = _compiled((formula,), symbols)(*(np.float64(float(point[symbol])) for symbol in symbols))
        return sp.true if number is np.True_ else sp.false if number is np.False_ else sp.Float(float(number))
    if mode not in ("exact", "mp"):
        raise ValueError(f"mode is exact, mp or float, got {mode!r}")
    exact = formula.xreplace(point)
    if exact in (sp.true, sp.false) or not isinstance(exact, sp.Expr):
        return sp.simplify(exact)
    return exact.evalf(digits) if mode == "mp" else exact


def _as_float(key: str, exact: sp.Basic) -> float:
    if exact in (sp.true, sp.false):
        return float(exact == sp.true)
    value = complex(exact)
    if value.imag or math.isnan(value.real):
        raise ValueError(f"{key} has no real value at this point: {exact}")
    return value.real


class _BroadcastingPrinter(NumPyPrinter):  # type: ignore[misc]
    """NumPy code whose Min, Max, And and Or broadcast; SymPy's own stacks their arguments, which needs equal shapes."""

    def _nested(self, function: str, arguments: Sequence[sp.Basic]) -> str:
        parts: list[str] = [self._print(argument) for argument in arguments]
        return reduce(lambda left, right: f"{self._module_format('numpy.' + function)}({left}, {right})", parts)

    def _print_Max(self, expression: sp.Basic) -> str:
        return self._nested("maximum", expression.args)

    def _print_Min(self, expression: sp.Basic) -> str:
        return self._nested("minimum", expression.args)

    def _print_And(self, expression: sp.Basic) -> str:
        return self._nested("logical_and", expression.args)

    def _print_Or(self, expression: sp.Basic) -> str:
        return self._nested("logical_or", expression.args)


@lru_cache(maxsize=1024)
def _compiled(formulas: tuple[sp.Basic, ...], symbols: tuple[sp.Symbol, ...]) -> Callable[..., Any]:
    printer = _BroadcastingPrinter({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
    compiled: Callable[..., Any] = sp.lambdify(symbols, formulas, modules="numpy", printer=printer, cse=True)
    return compiled


def evaluate_grid(
    statement: Statement, arrays: Mapping[str, Any], form: Form = "formula"
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Evaluate a statement in double precision on arrays that broadcast together.

    Parameters
    ----------
    statement : Statement
        Anything in the catalogue that has a formula.
    arrays : mapping of str to array_like
        One for each symbol name, of shapes that broadcast to a common shape ``S``.
    form : {"formula", "printed", "derived"}
        Which form.

    Returns
    -------
    numpy.ndarray, shape S
        Infinity (zero for a lower bound) wherever a condition fails; truth values are 1.0 and 0.0.

    Raises
    ------
    ValueError
        For a missing or surplus parameter, or a point outside the domain (the first one is named).
    """
    formula = _chosen(statement, form)
    _check_names(statement, set(arrays))
    values = {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}
    shape = np.broadcast_shapes(*(array.shape for array in values.values()))
    _check_grid(statement, values)
    nothing = 0.0 if statement.relation in _LOWER else np.inf
    conditions = [c for h in statement.conditions if (c := h.of_form(form)) is not None]
    with np.errstate(all="ignore"):
        value, *truths = _on_grid((formula, *conditions), values)
        result = np.array(np.broadcast_to(value, shape), dtype=np.float64)
        for holds in truths:
            result[~np.broadcast_to(np.asarray(holds, dtype=bool), shape)] = nothing
    return result


def _on_grid(formulas: tuple[sp.Basic, ...], values: Mapping[str, Any]) -> Any:
    """Values of the formulas, compiled together so that common parts are computed once."""
    symbols = tuple(sorted(set().union(*(f.free_symbols for f in formulas)), key=lambda symbol: symbol.name))
    return _compiled(formulas, symbols)(*(values[symbol.name] for symbol in symbols))


def _check_grid(statement: Statement, values: Mapping[str, Any]) -> None:
    for symbol in statement.symbols:
        array = values[symbol.name]
        if not np.all(np.isfinite(array)):
            raise _violation(statement.key, f"finite {symbol.name}", {symbol.name: array[~np.isfinite(array)].flat[0]})
        if symbol.is_integer and np.any(array != np.round(array)):
            raise _violation(
                statement.key, f"a whole number {symbol.name}", {symbol.name: array[array != np.round(array)].flat[0]}
            )
        rule = _symbol_rule(symbol)
        if rule is not None and not np.all(rule[1](array)):
            raise _violation(statement.key, rule[0], {symbol.name: array[~rule[1](array)].flat[0]})
    for hypothesis in statement.domain:
        if hypothesis.condition is None:
            continue
        names = sorted(symbol.name for symbol in hypothesis.condition.free_symbols)
        arrays = np.broadcast_arrays(*(values[name] for name in names), np.asarray(0.0))[:-1]
        (truth,) = _on_grid((hypothesis.condition,), values)
        holds = np.broadcast_to(truth, arrays[0].shape if arrays else ())
        if not np.all(holds):
            first = {name: array[~holds].flat[0] for name, array in zip(names, arrays, strict=True)}
            raise _hypothesis_error(statement.key, hypothesis, first)
