"""Which computation is best: the matrix of LAD, the load, and the allocation of CRA-DL, by the refined bounds.

Every number comes from a statement of the catalogue; the modules only compare them.
"""

from __future__ import annotations

from dataclasses import fields

from .cra import CraChoice, CraDesign, CraProblem, design_cra
from .guarantee import Constants, Guarantee, guarantee
from .lad import Compressor, LadChoice, LadDesign, LadProblem, Matrix, design_lad, lad_constants, matrices

#: Names of the parameters of either problem, for front ends.
PARAMETERS = {
    "lad": tuple(field.name for field in fields(LadProblem)),
    "cra": tuple(field.name for field in fields(CraProblem)),
}

__all__ = [
    "PARAMETERS",
    "Compressor",
    "Constants",
    "CraChoice",
    "CraDesign",
    "CraProblem",
    "Guarantee",
    "LadChoice",
    "LadDesign",
    "LadProblem",
    "Matrix",
    "design_cra",
    "design_lad",
    "guarantee",
    "lad_constants",
    "matrices",
]
