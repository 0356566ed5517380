"""The symbols of both papers, each defined once, with the assumptions that every formula may rely on.

The command line accepts a parameter under its symbol's name: ``N``, ``H``, ``d``, ``delta``, ``kappa`` and so on.
"""

from __future__ import annotations

import sympy as sp

#: Number of devices.
N = sp.Symbol("N", integer=True, positive=True)
#: Number of honest devices.
H = sp.Symbol("H", integer=True, positive=True)
#: Computational load of LAD: subsets per device and iteration.
d = sp.Symbol("d", integer=True, positive=True)
#: Number of subsets (CRA).
M = sp.Symbol("M", integer=True, positive=True)
#: Subsets held by a device (CRA).
r = sp.Symbol("r", positive=True)
#: Smallest number of devices that hold a subset (CRA).
d_min = sp.Symbol("d_min", positive=True)
#: Model dimension.
Q = sp.Symbol("Q", integer=True, positive=True)
#: Number of iterations.
T = sp.Symbol("T", integer=True, positive=True)
#: Fraction of Byzantine devices (CRA).
alpha = sp.Symbol("alpha", nonnegative=True)
#: Compression constant of an unbiased compressor, LAD (10).
delta = sp.Symbol("delta", nonnegative=True)
#: Robustness coefficient, LAD Definition 1.
kappa = sp.Symbol("kappa", nonnegative=True)
#: Constant of a robust bounded aggregation rule, CRA Definition 1.
C_alpha = sp.Symbol("C_alpha", nonnegative=True)
#: Heterogeneity, LAD (14) or CRA (10).
beta = sp.Symbol("beta", nonnegative=True)
#: Smoothness constant.
L = sp.Symbol("L", positive=True)
#: Fixed (LAD) or initial (CRA) learning rate.
gamma0 = sp.Symbol("gamma0", positive=True)
#: Scale of CRA's fixed learning rate, lambda / sqrt(T + 1).
lam = sp.Symbol("lambda", positive=True)
#: Young's parameter in the descent step.
eta = sp.Symbol("eta", positive=True)
#: F(x^0).
F0 = sp.Symbol("F0", real=True)
#: Lower bound of the training loss.
Fstar = sp.Symbol("Fstar", real=True)
#: Squared norm of the global gradient, ||grad F(x^t)||^2.
grad_sq = sp.Symbol("grad_sq", nonnegative=True)
#: Mean squared deviation of the subset gradients from their mean.
V = sp.Symbol("V", nonnegative=True)

LATEX_NAMES = {
    d_min: r"d_{\min}",
    C_alpha: r"C_\alpha",
    gamma0: r"\gamma^0",
    F0: r"F(\mathbf{x}^0)",
    Fstar: r"F^*",
    grad_sq: r"\left\|\nabla F(\mathbf{x}^t)\right\|^2",
}
