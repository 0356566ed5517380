"""Checks certificates with polynomial ring arithmetic alone.

A certificate is plain data (what ``json.loads`` gives back). Nothing here simplifies, factors by search, or trusts
what built the certificate: every formula is evaluated again in the field of rational functions over the exact
rationals, where equality is decided, and a sign is accepted only when it can be read off: all coefficients
non-negative.

Trees: a string is a symbol; ``["q", "1/2"]`` a rational; ``["+", ...]``, ``["*", ...]``, ``["^", tree, integer]``;
``["sqrt", tree]``; ``["C", n, k]`` a binomial coefficient.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add, mul
from typing import Any

from sympy import QQ
from sympy.polys.fields import FracElement, FracField
from sympy.polys.orderings import lex

Tree = Any


class Rejected(ValueError):
    """The certificate does not prove its step; the message says why."""


class Arithmetic:
    """Exact arithmetic on trees, in the field that a certificate declares.

    Parameters
    ----------
    certificate : mapping
        ``signs``: generator -> "positive", "nonnegative" or "real". ``shift``: symbol -> tree in the generators.
        ``relations``: ``[generator, tree]``, the generator being a square root of the tree. ``roots``: ``[of, is]``,
        the square root of one tree is the other. ``binomial``: ``[generator, n, k]``, the generator stands for that
        binomial coefficient.
    """

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self.signs: Mapping[str, str] = certificate["signs"]
        names = list(self.signs)
        # Own generator names: a symbol's name may hold anything. A spare one, so that constants have a field too.
        field = FracField([f"g{position}" for position in range(len(names) + 1)], QQ, lex)
        self.one = field.one
        self.index = {name: position for position, name in enumerate(names)}
        self.values: dict[str, FracElement] = dict(zip(names, field.gens[:-1], strict=True))
        self.binomial: Any = certificate.get("binomial")
        self.roots: list[tuple[FracElement, FracElement]] = []
        self.squares: list[tuple[int, FracElement]] = []
        self.known: dict[str, FracElement] = {}
        self.values.update({name: self.element(tree) for name, tree in certificate.get("shift", {}).items()})
        for name, tree in certificate.get("relations", []):
            square = self.element(tree)
            if self.signs[name] == "real" or (
                self.signs[name] == "positive" and not self.is_nonnegative(square, strictly=True)
            ):
                raise Rejected(f"the sign of the square root {name} is not seen")
            self.squares.append((self.index[name], square))
        for of, value in certificate.get("roots", []):
            square, root = self.element(of), self.element(value)
            if not self.is_zero(root**2 - square):
                raise Rejected("a declared root does not square to its radicand")
            if not self.is_nonnegative(root):
                raise Rejected("a declared root is not seen to be non-negative")
            self.roots.append((square, root))

    def element(self, tree: Tree, bindings: Mapping[str, FracElement] | None = None) -> FracElement:
        """The tree's value; ``bindings`` override symbols."""
        if isinstance(tree, str):
            if bindings and tree in bindings:
                return bindings[tree]
            if tree not in self.values:
                raise Rejected(f"symbol {tree} has no declared sign")
            return self.values[tree]
        if bindings:
            return self._evaluate(tree, bindings)
        text = repr(tree)
        if text not in self.known:
            self.known[text] = self._evaluate(tree, None)
        return self.known[text]

    def _evaluate(self, tree: Tree, bindings: Mapping[str, FracElement] | None) -> FracElement:
        head, *rest = tree
        if head == "q":
            numerator, _, denominator = rest[0].partition("/")
            return self.one * QQ(int(numerator), int(denominator or "1"))
        if head == "^":
            return self.element(rest[0], bindings) ** rest[1]
        parts = [self.element(part, bindings) for part in rest]
        if head == "sqrt":
            return self._root(parts[0])
        if head == "C":
            return self._binomial(*parts)
        if head in ("+", "*"):
            return reduce(add if head == "+" else mul, parts)
        raise Rejected(f"unknown operation {head!r}")

    def _root(self, square: FracElement) -> FracElement:
        for known, root in self.roots:
            if self.is_zero(known - square):
                return root
        raise Rejected("a square root was not declared")

    def _integer(self, value: FracElement) -> int | None:
        if not value.numer.is_ground or not value.denom.is_ground:
            return None
        number = QQ(value.numer.coeff(1)) / value.denom.coeff(1)
        return int(number) if number.denominator == 1 else None

    def _binomial(self, n: FracElement, k: FracElement) -> FracElement:
        size = self._integer(k)
        if size is not None:
            return self._factorial_ratio(n - size, size) / self._factorial_ratio(self.one * 0, size)
        if self.binomial is None:
            raise Rejected("a binomial coefficient was not declared")
        name, n0, k0 = self.binomial[0], self.element(self.binomial[1]), self.element(self.binomial[2])
        up, inside, outside = self._integer(n - n0), self._integer(k - k0), self._integer((n - k) - (n0 - k0))
        if up is None or inside is None or outside is None:
            raise Rejected("binomial coefficients do not differ by whole steps")
        ratio = self._factorial_ratio(n0, up)
        ratio /= self._factorial_ratio(k0, inside) * self._factorial_ratio(n0 - k0, outside)
        return self.values[name] * ratio

    def _factorial_ratio(self, start: FracElement, steps: int) -> FracElement:
        """(start + steps)! / start!."""
        if steps < 0:
            return 1 / self._factorial_ratio(start + steps, -steps)
        return reduce(mul, (start + step for step in range(1, steps + 1)), self.one)

    def is_zero(self, value: FracElement) -> bool:
        """Whether the value is zero modulo the relations."""
        return not self._reduced(value).numer

    def _reduced(self, value: FracElement) -> FracElement:
        """Numerator with every declared root to a power below two."""
        for position, square in reversed(self.squares):
            ring, total = value.field.ring, value.field.zero
            for monomial, coefficient in value.numer.terms():
                power = monomial[position]
                rest = (*monomial[:position], power % 2, *monomial[position + 1 :])
                total += value.field.new(ring({rest: coefficient})) * square ** (power // 2)
            value = total / value.field.new(value.denom)
        return value

    def _visibly(self, polynomial: Any, strictly: bool) -> bool:
        """Whether the polynomial's sign can be read off its terms."""
        strict_term = False
        signs = [*self.signs.values(), "positive"]
        for monomial, coefficient in polynomial.terms():
            present = [(power, sign) for power, sign in zip(monomial, signs, strict=True) if power]
            if coefficient < 0 or any(power % 2 and sign == "real" for power, sign in present):
                return False
            strict_term = strict_term or all(sign == "positive" for _, sign in present)
        return strict_term or not strictly

    def is_nonnegative(self, value: FracElement, strictly: bool = False) -> bool:
        """Whether the value's sign can be read off, as it stands or with squares of roots replaced."""
        for candidate in (value, self._reduced(value)):
            for sign in (1, -1):
                if self._visibly(candidate.denom * sign, True) and self._visibly(candidate.numer * sign, strictly):
                    return True
        return False


def verify(certificate: Mapping[str, Any]) -> None:
    """Check one certificate.

    Parameters
    ----------
    certificate : mapping
        As the reasons of :mod:`~byzbounds.bounds.inequalities` make them.

    Raises
    ------
    Rejected
        If it does not prove ``before relation after``.
    """
    try:
        kind, relation = certificate["kind"], certificate["relation"]
        if kind == "zero" and relation in ("=", "<=", ">=") and certificate["before"] == certificate["after"]:
            return  # the same formula, symbol by symbol: no arithmetic to do, which saves minutes on long ones
        arithmetic = Arithmetic(certificate)
        before, after = arithmetic.element(certificate["before"]), arithmetic.element(certificate["after"])
        if relation not in ("=", "<=", ">=", "<", ">"):
            raise Rejected(f"unknown relation {relation!r}")
        strictly = relation in ("<", ">")
        if strictly and kind != "positivity":
            raise Rejected("a strict relation needs a certificate of kind positivity")
        gain = before - after if relation in (">=", ">") else after - before
        if kind == "zero":
            if not arithmetic.is_zero(gain):
                raise Rejected("the two sides differ")
        elif kind == "moment":
            _verify_moments(arithmetic, certificate)
        elif relation == "=":
            raise Rejected("an equality needs a certificate of kind zero or moment")
        elif kind == "positivity":
            if not arithmetic.is_nonnegative(gain, strictly):
                raise Rejected("the difference has a coefficient of the wrong sign")
        elif kind == "squares":
            _verify_squares(arithmetic, certificate, gain)
        elif kind == "replace":
            _verify_replacement(arithmetic, certificate)
        else:
            raise Rejected(f"unknown kind {kind!r}")
    except (KeyError, TypeError, ZeroDivisionError, IndexError) as error:
        raise Rejected(f"malformed certificate: {error!r}") from error


def _verify_squares(arithmetic: Arithmetic, certificate: Mapping[str, Any], gain: FracElement) -> None:
    total = gain * 0
    for term in certificate["terms"]:
        weight = arithmetic.element(term["weight"])
        if not arithmetic.is_nonnegative(weight):
            raise Rejected("the weight of a square is not seen to be non-negative")
        total += weight * _square(arithmetic, term["square"])
    if not arithmetic.is_zero(gain - total):
        raise Rejected("the difference is not the weighted sum of squares")


def _square(arithmetic: Arithmetic, square: Mapping[str, Any]) -> FracElement:
    """A quantity that is non-negative because it is a sum of squared norms, expanded."""
    form = square["form"]
    if form == "norm":  # ||sum_u c_u u||^2
        vector = {name: arithmetic.element(tree) for name, tree in square["vector"].items()}
        products = {tuple(sorted(pair)): arithmetic.element(tree) for *pair, tree in square["products"]}
        return reduce(add, (vector[u] * vector[v] * products[tuple(sorted((u, v)))] for u in vector for v in vector))
    part = {name: arithmetic.element(tree) for name, tree in square.items() if name != "form"}
    if form == "pairs":  # sum over i < j of ||x_i - x_j||^2 = n sum ||x_i||^2 - ||sum x_i||^2
        return part["n"] * part["sum_of_squares"] - part["square_of_sum"]
    if form == "deviations":  # sum_i ||x_i - c||^2
        return part["sum_of_squares"] - 2 * part["inner_of_sum"] + part["n"] * part["centre"]
    if form == "lagrange":  # sum over k < l of ||a_k y_l - a_l y_k||^2 = ||a||^2 sum ||y_k||^2 - ||sum a_k y_k||^2
        return part["weights"] * part["sum_of_squares"] - part["square_of_sum"]
    raise Rejected(f"unknown square {form!r}")


def _verify_moments(arithmetic: Arithmetic, certificate: Mapping[str, Any]) -> None:
    """Both sides agree once every expectation has its value, computed here from falling factorials."""
    values: dict[str, FracElement] = {}
    for name, model, trees in certificate["moments"]:
        part = {key: arithmetic.element(tree, values) for key, tree in trees.items()}
        if model == "subset":
            n, size, total = part["n"], part["size"], part["total"]
            pair = size * (size - 1) / (n * (n - 1))
            values[name] = size / n * part["trace"] + pair * (total - part["trace"])
        elif model == "permutation":
            n, squares, square = part["n"], part["sum_of_squares"], part["square_of_sum"]
            off_diagonal = (part["total"] - part["trace"]) * (square - squares) / (n * (n - 1))
            values[name] = part["trace"] * squares / n + off_diagonal
        elif model == "mean":
            values[name] = part["total"] / part["n"] * part["inner_of_sum"]
        elif model == "split":
            values[name] = part["base"] + part["weights"] * part["error"]
        else:
            raise Rejected(f"unknown model {model!r}")
    before, after = (arithmetic.element(certificate[side], values) for side in ("before", "after"))
    if not arithmetic.is_zero(after - before):
        raise Rejected("the two sides differ once the moments are inserted")


def _verify_replacement(arithmetic: Arithmetic, certificate: Mapping[str, Any]) -> None:
    """``after`` is ``before`` with symbols replaced by their bounds, each entering affinely with the right sign."""
    before = certificate["before"]
    current: dict[str, FracElement] = {}
    for name, bound, direction in certificate["replacements"]:
        zero, one, two = (arithmetic.element(before, {**current, name: arithmetic.one * n}) for n in (0, 1, 2))
        if not arithmetic.is_zero(two - one * 2 + zero):
            raise Rejected(f"{name} does not enter affinely")
        slope = one - zero if direction == certificate["relation"] else zero - one
        if not arithmetic.is_nonnegative(slope):
            raise Rejected(f"the coefficient of {name} is not seen to have the right sign")
        current[name] = arithmetic.element(bound)
    if not arithmetic.is_zero(arithmetic.element(before, current) - arithmetic.element(certificate["after"])):
        raise Rejected("the other side is not the replaced expression")
