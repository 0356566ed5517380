"""The methods of both papers and their baselines: compositions of encoding, compression and a rule at the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal

from . import aggregation
from .aggregation import Mean, NormThresholding, Rule
from .allocation import Allocation, NonRedundant, allocation_from_name
from .codes import CyclicCode, RepetitionCode
from .compression import Compressor, RandomSparsification, compressor_from_name
from .draws import Persistence
from .encoding import AllocatedEncoding, CyclicEncoding, Encoding, IndependentEncoding
from .naming import build, near_misses
from .problems.base import Array

Decoder = Callable[[Array], Array]
"""What the server makes of the messages (..., N, q): a vector (..., Q)."""

Estimate = Literal["mean", "sum"]


@dataclass(frozen=True)
class Method:
    """What devices and server do in an iteration, whatever the problem and the attack.

    Compose one in a few lines: ``Method("mine", CyclicEncoding(10, d=3), NNM(f=2) >> Median(), f=2)``.

    Parameters
    ----------
    name
        What it is called in tables and legends.
    encoding
        Which gradients a device computes, and how they become one message.
    rule
        An aggregation rule or a code's decoder.
    f
        Number of Byzantine devices that the server is prepared for.
    compressor
        Applied by each device to its message; None for none.
    knows_identities
        Whether the server knows who is Byzantine and averages the other messages, whatever the rule.
    estimate
        Whether the step uses the aggregate as it is, an estimate of grad F / N (literal), or N times it ("sum").
    """

    name: str
    encoding: Encoding
    rule: Decoder
    f: int = 0
    compressor: Compressor | None = None
    knows_identities: bool = False
    estimate: Estimate = "mean"

    def __post_init__(self) -> None:
        if not 0 <= self.f < self.encoding.devices:
            raise ValueError(f"Method {self.name!r} needs 0 <= f < N, got f={self.f}, N={self.encoding.devices}")
        if self.estimate not in ("mean", "sum"):
            raise ValueError(f"Method {self.name!r} estimate has to be 'mean' or 'sum', got {self.estimate!r}")

    @property
    def step_scale(self) -> float:
        """Factor of the aggregate in the step: 1, or N."""
        return float(self.encoding.devices) if self.estimate == "sum" else 1.0

    def load(self, subsets: int) -> int:
        """Number of gradients that a device computes in an iteration, of that many subsets in all."""
        return self.encoding.load(subsets)

    def bits(self, Q: int, word: int = 32) -> float:
        """Expected number of bits that a device sends in an iteration, where a real number takes `word` bits."""
        if isinstance(self.encoding, CyclicCode):
            return 2.0 * Q * word
        return float(Q * word) if self.compressor is None else self.compressor.bits(Q, word)


@dataclass(frozen=True)
class Settings:
    """Parameters of the named methods; each method uses those that concern it.

    Parameters
    ----------
    N
        Number of devices.
    f
        Number of Byzantine devices that the server is prepared for.
    rule
        Rule of LAD, Com-LAD, RBA-DL and CRA-DL where these are named without it: a rule or its name.
    d
        Computational load of LAD; its baselines compute one gradient a device.
    r
        Subsets a device holds, for the methods with an allocation; None for the method's own default.
    allocation
        Name of the allocation of CRA and SGC, or an allocation.
    trim
        Fraction of the messages that CWTM leaves out; None for f off each side. Only for LAD's methods is there a
        default: 0.1.
    trimming
        Whether that fraction goes off each "side" (literal), or is divided between them ("total").
    k
        Coordinates that random sparsification keeps (LAD's Q-hat).
    compressor
        Another compressor, or its name.
    tgn
        Fraction of the messages that Com-TGN drops.
    code
        DRACO's code, "repetition" or "cyclic".
    tasks
        Whether LAD's device-to-task permutation is redrawn in each iteration.
    subsets
        Whether the subsets' permutation (LAD) or the allocation (CRA and its baselines) is redrawn in each iteration;
        None for the literal reading: redrawn in LAD, fixed before the training in CRA.
    baseline
        What a non-redundant device of LAD's baselines draws: subsets without repetition ("permutation", literal: LAD
        with d = 1), or each on its own ("independent").
    estimate
        Whether the step uses the aggregate as it is ("mean", literal), or N times it ("sum").
    nonfinite
        What the rules do with messages that are not finite: "raise", or count them as "byzantine".
    """

    N: int = 100
    f: int = 20
    rule: str | Rule | None = None
    d: int = 1
    r: int | None = None
    allocation: str | Allocation = "uniform"
    trim: float | None = None
    trimming: Literal["side", "total"] = "side"
    k: int = 30
    compressor: str | Compressor | None = None
    tgn: float = 0.2
    code: Literal["repetition", "cyclic"] = "repetition"
    tasks: Persistence = "redrawn"
    subsets: Persistence | None = None
    baseline: Literal["permutation", "independent"] = "permutation"
    estimate: Estimate = "mean"
    nonfinite: Literal["raise", "byzantine"] = "raise"

    def __post_init__(self) -> None:
        for argument, allowed in _CHOICES.items():
            if getattr(self, argument) not in allowed:
                shown = ", ".join(map(repr, allowed))
                raise ValueError(f"{argument}={getattr(self, argument)!r} has to be one of {shown}")


_CHOICES: Mapping[str, tuple[str | None, ...]] = MappingProxyType(
    {
        "trimming": ("side", "total"),
        "code": ("repetition", "cyclic"),
        "tasks": ("redrawn", "fixed"),
        "subsets": ("redrawn", "fixed", None),
        "baseline": ("permutation", "independent"),
        "estimate": ("mean", "sum"),
        "nonfinite": ("raise", "byzantine"),
    }
)

LAD_TRIM = 0.1
CRA_LOAD = 40

_BARE = {"lad": "LAD", "com-lad": "Com-LAD", "rba": "RBA", "rba-dl": "RBA", "cra": "CRA", "cra-dl": "CRA"}

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "VA": "averaging of non-redundant gradients (LAD)",
        "CWTM": "coordinate-wise trimmed mean of non-redundant gradients (LAD)",
        "CWTM-NNM": "the same after nearest-neighbour mixing (LAD)",
        "DRACO": "exact recovery by a code (LAD)",
        "LAD-<rule>": "cyclic gradient coding and any rule, e.g. LAD-CWTM, LAD-CWTM-NNM (LAD)",
        "Com-VA": "VA of compressed messages (LAD)",
        "Com-CWTM": "CWTM of compressed messages (LAD)",
        "Com-CWTM-NNM": "CWTM-NNM of compressed messages (LAD)",
        "Com-TGN": "norm thresholding of compressed messages (LAD)",
        "Com-LAD-<rule>": "LAD with compressed messages (LAD)",
        "MA": "averaging of non-redundant gradients (CRA)",
        "RBA-<rule>": "any rule on non-redundant gradients, e.g. RBA-median, RBA-phocas (CRA)",
        "SGC-DL": "stochastic gradient coding and averaging (CRA)",
        "Clairvoyant": "non-redundant gradients of the honest devices only, averaged (CRA)",
        "CRA-<rule>": "coded gradients and any rule, e.g. CRA-median, CRA-trimmed-mean, CRA-phocas (CRA)",
    }
)
"""Names that `method_from_name` takes, and what they mean; <rule> is any rule's name."""


def method_from_name(name: str, **parameters: Any) -> Method:
    """The method with that name, as in the papers' legends.

    Parameters
    ----------
    name
        One of `METHODS`, in any case; <rule> is a rule's name, followed by pre-aggregations as in "CWTM-NNM", or
        after them in the order of application as in "nnm+cwtm".
    **parameters
        Fields of `Settings`.

    Raises
    ------
    ValueError
        If there is no such method (near misses are named), or a parameter is unknown or out of range.
    """
    for parameter in parameters:
        if parameter not in Settings.__dataclass_fields__:
            hint = near_misses(parameter, Settings.__dataclass_fields__)
            raise ValueError(f"methods have no parameter {parameter!r}; {hint}")
    settings = Settings(**parameters)
    canonical = name.strip()
    if canonical.lower() in _BARE or settings.rule is not None:
        return _with_rule_apart(canonical, settings, parameters)
    lowered = canonical.lower()
    if lowered.startswith("com-"):
        inner = _lad_method(canonical[4:], lowered[4:], settings, compressed=True)
        if inner is not None and not isinstance(inner.rule, RepetitionCode | CyclicCode):
            return _compressed(inner, settings)
    else:
        method = _lad_method(canonical, lowered, settings) or _cra_method(canonical, lowered, settings)
        if method is not None:
            return method
    raise ValueError(f"no method is called {name!r}; {_near_methods(name)}")


def _with_rule_apart(name: str, settings: Settings, parameters: dict[str, Any]) -> Method:
    """A method of a family whose rule is a parameter rather than part of the name."""
    family, rule = _BARE.get(name.lower()), settings.rule
    if family is None:
        raise ValueError(f"method {name!r} takes no rule={rule!r}: only {', '.join(_BARE.values())} do")
    if rule is None:
        raise ValueError(f"method {name!r} needs a rule: name it {family}-median, say, or give rule='median'")
    rest = {parameter: value for parameter, value in parameters.items() if parameter != "rule"}
    if isinstance(rule, str):
        return method_from_name(f"{family}-{rule}", **rest)
    return replace(method_from_name(f"{family}-mean", **rest), name=f"{family}-{rule!r}", rule=rule)


def _near_methods(name: str) -> str:
    plain = [known for known in METHODS if "<" not in known]
    composed = [known.replace("<rule>", rule) for known in METHODS if "<" in known for rule in _USUAL_RULES]
    by_lower = {known.lower(): known for known in (*plain, *composed)}
    close = get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(by_lower[entry] for entry in close) + "?"
    return "known are " + ", ".join(METHODS)


def _lad_method(name: str, lowered: str, settings: Settings, *, compressed: bool = False) -> Method | None:
    if lowered == "va":
        return _assemble("VA", _non_redundant(settings), Mean(nonfinite=settings.nonfinite), settings)
    if lowered in ("cwtm", "cwtm-nnm"):
        return _assemble(name.upper(), _non_redundant(settings), _rule(lowered, settings, LAD_TRIM), settings)
    if lowered == "tgn" and compressed:
        rule = NormThresholding(fraction=settings.tgn, nonfinite=settings.nonfinite)
        return _assemble("TGN", _non_redundant(settings), rule, settings)
    if lowered == "draco":
        code = (RepetitionCode if settings.code == "repetition" else CyclicCode)(settings.N, settings.f)
        return _assemble("DRACO", code, code, settings)
    if lowered.startswith("lad-"):
        encoding = CyclicEncoding(settings.N, settings.d, settings.tasks, settings.subsets or "redrawn")
        return _assemble("LAD-" + name[4:], encoding, _rule(lowered[4:], settings, LAD_TRIM), settings)
    return None


def _cra_method(name: str, lowered: str, settings: Settings) -> Method | None:
    fixed = settings.subsets or "fixed"
    own = AllocatedEncoding(settings.N, NonRedundant(), None, fixed)
    if lowered == "ma":
        return _assemble("MA", own, Mean(nonfinite=settings.nonfinite), settings)
    if lowered == "clairvoyant":
        return _assemble("Clairvoyant", own, Mean(), settings, knows_identities=True)
    if lowered.startswith("rba-"):
        return _assemble("RBA-" + name[4:], own, _rule(lowered[4:], settings, None), settings)
    allocation = settings.allocation
    if isinstance(allocation, str):
        allocation = allocation_from_name(allocation)
    coded = AllocatedEncoding(settings.N, allocation, CRA_LOAD if settings.r is None else settings.r, fixed)
    if lowered in ("sgc", "sgc-dl"):
        return _assemble("SGC-DL", coded, Mean(nonfinite=settings.nonfinite), settings)
    if lowered.startswith("cra-"):
        return _assemble("CRA-" + name[4:], coded, _rule(lowered[4:], settings, None), settings)
    return None


def _assemble(
    name: str, encoding: Encoding, rule: Decoder, settings: Settings, *, knows_identities: bool = False
) -> Method:
    return Method(name, encoding, rule, f=settings.f, knows_identities=knows_identities, estimate=settings.estimate)


def _compressed(method: Method, settings: Settings) -> Method:
    compressor: Any = settings.compressor
    if compressor is None:
        compressor = RandomSparsification(settings.k)
    elif isinstance(compressor, str):
        compressor = compressor_from_name(compressor)
    return Method("Com-" + method.name, method.encoding, method.rule, method.f, compressor, estimate=method.estimate)


def _non_redundant(settings: Settings) -> Encoding:
    if settings.baseline == "independent":
        return IndependentEncoding(settings.N, settings.subsets or "redrawn")
    return CyclicEncoding(settings.N, 1, settings.tasks, settings.subsets or "redrawn")


def _rule(name: str, settings: Settings, default_trim: float | None) -> Rule:
    """The rule of a legend; CWTM takes the trimmed fraction where there is one."""
    *before, last = _steps(name)
    if 2 * settings.f >= settings.N:
        raise ValueError(f"the rule {name!r} needs N > 2f, got N={settings.N}, f={settings.f}")
    trim = default_trim if settings.trim is None else settings.trim
    if last not in _TRIMMED_MEANS or trim is None:
        return aggregation.rule_from_name("+".join((*before, last)), f=settings.f, nonfinite=settings.nonfinite)
    share = trim if settings.trimming == "side" else trim / 2
    rule: Rule = aggregation.TrimmedMean(fraction=share, nonfinite=settings.nonfinite)
    for step in reversed(before):
        rule = build("pre-aggregation", step, aggregation.PREAGGREGATORS, {"f": settings.f}) >> rule
    return rule


def _steps(name: str) -> list[str]:
    """Steps in their order of application: "cwtm-nnm" and "nnm+cwtm" both mix first."""
    steps: list[str] = []
    while "+" not in name:
        rule, dash, last = name.rpartition("-")
        if not dash or last not in aggregation.PREAGGREGATORS:
            break
        steps.append(last)
        name = rule
    return [*steps, *name.split("+")]


_TRIMMED_MEANS = ("cwtm", "trimmed-mean")
_USUAL_RULES = ("CWTM", "CWTM-NNM", "median", "trimmed-mean", "phocas")
