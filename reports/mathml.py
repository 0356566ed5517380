"""LaTeX as MathML, which browsers render without a network and without scripts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    import sympy as sp


#: Names of symbols that are words and no Greek letters.
_WORD = re.compile(
    r"(?!(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega)\d*(_|$))"
    r"[A-Za-z]{3,}"
)

#: Commands that the converter does not know, and what it does know.
_REPLACED = {r"\arg\min": r"\operatorname{argmin}", r"\middle|": "|"}


def mathml(latex: str, *, block: bool = True) -> Markup:
    """A formula as MathML; LaTeX that cannot be converted is shown as it is.

    Parameters
    ----------
    latex
        Without dollar signs.
    block
        Whether it stands on a line of its own.
    """
    if not latex:
        return Markup()
    for unknown, known in _REPLACED.items():
        latex = latex.replace(unknown, known)
    from latex2mathml.converter import convert

    try:
        return Markup(convert(latex, display="block" if block else "inline"))
    except Exception:
        # The converter raises errors of many kinds on LaTeX that it does not know; a formula must not stop the page.
        return Markup("<code>{}</code>").format(escape(latex))


def formula_latex(lhs: str, relation: str, formula: sp.Basic | None) -> str:
    """``lhs relation formula`` in LaTeX, under the catalogue's symbol names."""
    signs = {
        "<=": r"\le",
        "<= (tight)": r"\le",
        ">=": r"\ge",
        ">= (tight)": r"\ge",
        "O(.)": "=",
        "~": r"\approx",
        ":=": ":=",
    }
    if formula is None:
        return lhs
    right = latex_of(formula)
    if relation == "O(.)":
        right = rf"O\left({right}\right)"
    if relation == "proposition" or not lhs:
        return right
    return rf"{lhs} {signs.get(relation, '=')} {right}"


def latex_of(expression: Any, names: Mapping[sp.Symbol, str] | None = None) -> str:
    """LaTeX of a SymPy object under the catalogue's symbol names; symbols that are words stand upright."""
    from ..bounds.latex import formula
    from ..bounds.symbols import LATEX_NAMES

    chosen = dict(names or {})
    for symbol in getattr(expression, "free_symbols", ()):
        if symbol not in chosen and symbol not in LATEX_NAMES and _WORD.match(symbol.name):
            base, _, index = symbol.name.partition("_")
            below = rf"_{{\mathrm{{{index.replace('_', ' ')}}}}}" if index else ""
            chosen[symbol] = rf"\mathrm{{{base}}}{below}"
    return formula(expression, chosen)
