"""Formulas, statements and whole derivations in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import sympy as sp

from .proof import Derivation, StepReport
from .symbols import LATEX_NAMES

_RELATIONS = {"=": "=", "<=": r"\le", ">=": r"\ge"}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath, amssymb, graphicx}
\usepackage[margin=25mm]{geometry}
\newcommand{\fitted}[1]{\par\smallskip\noindent
  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{$\displaystyle #1$}\par}
\begin{document}
"""


def escape(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def _name(symbol: sp.Symbol) -> str | None:
    """LaTeX of a symbol that stands for a squared norm or an inner product, by its name; None for an ordinary one."""
    norm = re.fullmatch(r"\|(\w+)\|\^2", symbol.name)
    if norm:
        return rf"\left\|\mathrm{{{escape(norm[1])}}}\right\|^2"
    inner = re.fullmatch(r"<(\w+),(\w+)>", symbol.name)
    if inner:
        return rf"\left\langle \mathrm{{{escape(inner[1])}}}, \mathrm{{{escape(inner[2])}}} \right\rangle"
    return None


def formula(expression: sp.Basic, meanings: Mapping[sp.Symbol, str] | None = None) -> str:
    """LaTeX of a formula, with the papers' names of symbols.

    Parameters
    ----------
    expression : sympy object
        Expression or Boolean.
    meanings : mapping, optional
        Symbol -> LaTeX, for symbols that stand for expectations; these are set in brackets where they are factors.
    """
    symbols = {s for s in expression.free_symbols if isinstance(s, sp.Symbol)}
    names = {symbol: name for symbol in symbols if (name := _name(symbol)) is not None}
    names.update({symbol: name for symbol, name in LATEX_NAMES.items() if symbol in symbols})
    names.update({symbol: f"{{{name}}}" for symbol, name in (meanings or {}).items() if symbol in symbols})
    text: str = sp.latex(expression, symbol_names=names)
    return text


def _step(number: int, report: StepReport) -> Iterator[str]:
    step = report.step
    after = formula(step.after)
    where = f" [{escape(step.source)}]" if step.source else ""
    note = f" {escape(step.note)}" if step.note else ""
    yield rf"\paragraph{{Step {number}.}} {escape(step.by.describe())}{where}: {escape(str(report.status))}.{note}"
    if number == 1:
        yield rf"\fitted{{{formula(step.before)}}}"
    yield rf"\fitted{{{_RELATIONS[step.relation]} {after}}}"
    if step.printed is not None and step.printed != step.after:
        yield rf"\noindent Printed there: \fitted{{{formula(step.printed)}}}"
    if report.finding.witness:
        point = ", ".join(f"{name} = {value}" for name, value in report.finding.witness.items())
        yield rf"\noindent Fails at {escape(point)}."


def _section(derivation: Derivation, seen: set[str]) -> Iterator[str]:
    for lemma in derivation.lemmas:
        if lemma.key not in seen:
            yield from _section(lemma, seen)
    if derivation.key in seen:
        return
    seen.add(derivation.key)
    yield rf"\section*{{{escape(derivation.title or derivation.key)} ({escape(derivation.key)})}}"
    used = {symbol for step in derivation.steps for side in (step.before, step.after) for symbol in side.free_symbols}
    named = {symbol: text for symbol, text in derivation.meanings.items() if symbol in used}
    if named:
        listed = r",\quad ".join(f"{formula(symbol)} = {text}" for symbol, text in named.items())
        yield rf"\noindent Notation: \fitted{{{listed}}}"
    for number, report in enumerate(derivation.check().steps, start=1):
        yield from _step(number, report)
    if derivation.uses:
        yield rf"\noindent Rests on {escape(', '.join(derivation.uses))}."


def derivation_document(derivation: Derivation) -> str:
    """A LaTeX document that holds a derivation, its side derivations first.

    Parameters
    ----------
    derivation : Derivation
        It is checked first; every step carries its status.

    Returns
    -------
    str
        A complete document; it needs amsmath, amssymb, graphicx and geometry.
    """
    body = "\n\n".join(_section(derivation, set()))
    return f"{_PREAMBLE}{body}\n\\end{{document}}\n"
