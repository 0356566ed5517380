"""Turns formulas into the plain data that :mod:`~byzbounds.bounds.checker` checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

Tree = Any
#: Symbols replaced by expressions in slack variables, for example ``{N: H + f}``.
Shift = Mapping[sp.Symbol, sp.Expr]


def encode(expression: sp.Expr) -> Tree:
    """The expression as a JSON tree.

    Raises
    ------
    ValueError
        For anything but rationals, symbols, sums, products, integer powers, square roots and binomial coefficients.
    """
    if isinstance(expression, sp.Symbol):
        return expression.name
    if isinstance(expression, sp.Rational):
        return ["q", f"{expression.p}/{expression.q}"]
    if isinstance(expression, sp.Add | sp.Mul):
        return ["+" if isinstance(expression, sp.Add) else "*", *(encode(part) for part in expression.args)]
    if isinstance(expression, sp.binomial):
        return ["C", *(encode(part) for part in expression.args)]
    if isinstance(expression, sp.Pow) and expression.exp.is_Rational and expression.exp.q <= 2:
        base = encode(expression.base)
        return (
            ["^", base, int(expression.exp)] if expression.exp.q == 1 else ["^", ["sqrt", base], int(expression.exp.p)]
        )
    raise ValueError(f"no certificate can hold {expression}")


def resolve(shift: Shift) -> dict[sp.Symbol, sp.Expr]:
    """The shift with its own symbols eliminated: ``{N: H + f, H: f + 1 + t}`` gives ``N = 2 f + 1 + t``."""
    resolved = dict(shift)
    for _ in range(len(resolved) + 1):
        if not any(set(resolved) & target.free_symbols for target in resolved.values()):
            return resolved
        resolved = {symbol: sp.expand(target.subs(shift)) for symbol, target in resolved.items()}
    raise ValueError(f"the shift {dict(shift)} is circular")


def sign_of(symbol: sp.Symbol) -> str:
    """What the symbol's assumptions say."""
    return "positive" if symbol.is_positive else "nonnegative" if symbol.is_nonnegative else "real"


def visibly_nonnegative(polynomial: sp.Expr) -> bool:
    """Whether every term of the expanded polynomial is non-negative by its symbols' signs."""
    return all(bool(term.is_nonnegative) for term in sp.Add.make_args(sp.expand(polynomial)))


@dataclass
class Context:
    """Collects the generators, roots and binomials of one certificate.

    Attributes
    ----------
    shift : dict
        Resolved shift to slack variables.
    """

    shift: dict[sp.Symbol, sp.Expr]
    roots: list[list[Tree]] = field(default_factory=list)
    generators: dict[sp.Expr, sp.Symbol] = field(default_factory=dict)
    binomial: list[Tree] | None = None

    def header(self, expressions: Iterable[sp.Expr]) -> dict[str, Any]:
        """The part of a certificate that declares the field in which the expressions live."""
        expressions = list(expressions)
        symbols: set[sp.Symbol] = set()
        for expression in expressions:
            symbols |= expression.free_symbols
        slack = symbols - set(self.shift)
        for target in (self.shift[symbol] for symbol in symbols & set(self.shift)):
            slack |= target.free_symbols
        names = [symbol.name for symbol in slack | symbols]
        if len(set(names)) < len(names):
            raise ValueError(f"two symbols of one name: {sorted(name for name in names if names.count(name) > 1)}")
        for expression in expressions:
            self._collect(expression)
        signs = {symbol.name: sign_of(symbol) for symbol in sorted(slack, key=lambda symbol: symbol.name)}
        if self.binomial is not None:
            signs[self.binomial[0]] = "positive"
        relations = [[root.name, encode(square)] for square, root in self.generators.items()]
        signs.update({name: "positive" if _positive(square) else "nonnegative" for name, square in self._named()})
        header: dict[str, Any] = {"signs": signs, "relations": relations, "roots": self.roots}
        header["shift"] = {symbol.name: encode(self.shift[symbol]) for symbol in self.shift if symbol in symbols}
        return header if self.binomial is None else {**header, "binomial": self.binomial}

    def _named(self) -> list[tuple[str, sp.Expr]]:
        return [(root.name, square) for square, root in self.generators.items()]

    def _collect(self, expression: sp.Expr) -> None:
        for part in sp.postorder_traversal(expression):
            if isinstance(part, sp.Pow) and part.exp.is_Rational and part.exp.q == 2:
                self._add_root(part.base)
            elif isinstance(part, sp.binomial) and not part.args[1].is_Integer and self.binomial is None:
                self.binomial = ["binomial", encode(part.args[0]), encode(part.args[1])]

    def plain(self, expression: sp.Expr) -> sp.Expr:
        """The expression in slack variables, each square root written with its generators."""
        if isinstance(expression, sp.Pow) and expression.exp.is_Rational and expression.exp.q == 2:
            return self._add_root(expression.base) ** expression.exp.p
        if not expression.args or isinstance(expression, sp.binomial):
            return expression.subs(self.shift)
        return expression.func(*(self.plain(part) for part in expression.args))

    def _add_root(self, base: sp.Expr) -> sp.Expr:
        value = self._root(sp.together(self.plain(base)))
        entry = [encode(base), encode(value)]
        if entry not in self.roots:
            self.roots.append(entry)
        return value

    def _generator(self, square: sp.Expr) -> sp.Symbol:
        if square not in self.generators:
            self.generators[square] = sp.Symbol(f"root{len(self.generators) + 1}", nonnegative=True)
        return self.generators[square]

    def _root(self, radicand: sp.Expr) -> sp.Expr:
        """A non-negative expression in the generators whose square is the radicand."""
        numerator, denominator = sp.fraction(sp.cancel(radicand))
        content, factors = sp.factor_list(sp.expand(numerator * denominator))
        content, factors = sp.Rational(content), list(factors)
        if any(not visibly_nonnegative(factor) for factor, _ in factors) or content < 0:
            return self._generator(sp.cancel(radicand))
        value = sp.Integer(1) / denominator
        if not visibly_nonnegative(denominator):
            value = -value
        for prime, power in sp.factorint(content.p * content.q).items():
            factors.append((sp.Integer(prime), power))
        for factor, power in factors:
            value *= factor ** (power // 2) * (self._generator(factor) if power % 2 else 1)
        return value / content.q


def _positive(square: sp.Expr) -> bool:
    return bool(sp.expand(square).is_positive)
