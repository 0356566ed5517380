"""LaTeX as MathML, which browsers render without a network and without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    import sympy as sp


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
    from latex2mathml.converter import convert

    try:
        return Markup(convert(latex, display="block" if block else "inline"))
    except Exception:
        # The converter raises errors of many kinds on LaTeX that it does not know; a formula must not stop the page.
        return Markup("<code>{}</code>").format(escape(latex))


def formula_latex(lhs: str, relation: str, formula: sp.Basic | None) -> str:
    """``lhs relation formula`` in LaTeX, under the catalogue's symbol names."""
    from ..bounds.symbols import LATEX_NAMES

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
    right = latex_of(formula, LATEX_NAMES)
    if relation == "O(.)":
        right = rf"O\left({right}\right)"
    if relation == "proposition" or not lhs:
        return right
    return rf"{lhs} {signs.get(relation, '=')} {right}"


def latex_of(expression: Any, names: Any = None) -> str:
    """LaTeX of a SymPy object."""
    import sympy as sp

    text: str = sp.latex(expression, symbol_names=names or {}, fold_short_frac=False)
    return text
