"""LaTeX of derivations is complete and well formed."""

from __future__ import annotations

import re
import shutil
import subprocess

import latex2mathml.converter
import pytest
import sympy as sp

from byzbounds.bounds import get, statements
from byzbounds.bounds.latex import derivation_document, escape, formula
from byzbounds.bounds.proof import Chain
from byzbounds.bounds.squares import Gram
from byzbounds.bounds.symbols import N, d_min, gamma0

DOCUMENTS = ["lad.lemma1", "lad.lemma3", "lad.theorem1"]


def balanced(text):
    depth = 0
    for character in re.sub(r"\\[{}]", "", text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("key", DOCUMENTS)
def test_documents_are_well_formed(key):
    text = derivation_document(get(key).derivation())
    assert balanced(text)
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert text.count(r"\left") == text.count(r"\right")
    for body in re.findall(r"^\\fitted\{(.*)\}$", text, flags=re.MULTILINE):
        latex2mathml.converter.convert(body)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
@pytest.mark.parametrize("key", DOCUMENTS)
def test_documents_compile(key, tmp_path):
    (tmp_path / "proof.tex").write_text(derivation_document(get(key).derivation()), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "proof.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_every_formula_of_the_papers_converts():
    for statement in statements():
        if statement.source.paper in ("LAD", "CRA") and isinstance(statement.printed, sp.Basic):
            text = formula(statement.printed)
            assert balanced(text), statement.key
            latex2mathml.converter.convert(text)


def test_a_failing_step_is_shown_with_its_witness():
    text = derivation_document(Chain("wrong_key", N).equals(2 * N).derivation())
    assert "DOES NOT FOLLOW" in text
    assert "Fails at N = " in text
    assert r"wrong\_key" in text


def test_names():
    gram = Gram(("a", "b"))
    assert formula(gamma0) == r"\gamma^0"
    assert formula(d_min) == r"d_{\min}"
    assert r"\left\|\mathrm{a}\right\|^2" in formula(gram.norm({"a": sp.S.One}))
    assert r"\left\langle" in formula(gram.product("a", "b"))
    assert escape("a_b & 50% <x>") == r"a\_b \& 50\% \textless{}x\textgreater{}"
