"""A conformance suite for anybody's aggregation rule: a verdict a property, and a minimal failing example as code."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import hypothesis

from . import properties
from .strategies import MessageSet, message_sets
from .subject import ALWAYS, PROPERTIES, Subject, subject
from .time_limit import TookTooLong
from .verdict import Check, Outcome, Verdict
from .witness_code import witness

#: A message set, how the property fails on it, and the messages of each call that the rule got there.
Failure = tuple[MessageSet, str, tuple[Any, ...]]


class NotConforming(AssertionError):
    """A property does not hold; the message holds the minimal example."""


@dataclass(frozen=True)
class Conformance:
    """The result of `check_rule`: one verdict a property.

    Attributes
    ----------
    name : str
        The rule's name.
    n, f : int
        Number of messages and of Byzantine ones.
    verdicts : tuple of Verdict
        In the order of ``subject.PROPERTIES``; VACUOUS where a property is not claimed or does not apply.
    """

    name: str
    n: int
    f: int
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is refuted."""
        return not self.refuted

    @property
    def refuted(self) -> tuple[Verdict, ...]:
        """The verdicts of the properties that fail."""
        return tuple(v for v in self.verdicts if v.outcome is Outcome.REFUTED)

    def __getitem__(self, name: str) -> Verdict:
        """The verdict of one property.

        Raises
        ------
        ValueError
            If there is no such property.
        """
        for verdict in self.verdicts:
            if verdict.key == f"conformance.{name}":
                return verdict
        raise ValueError(f"check_rule has no property {name!r}; there are {', '.join(PROPERTIES)}")

    def __str__(self) -> str:
        width = max(len(name) for name in PROPERTIES)
        lines = [f"{self.name}, n = {self.n}, f = {self.f}"]
        for verdict in self.verdicts:
            name = verdict.key.removeprefix("conformance.")
            lines.append(f"  {name:<{width}}  {verdict.outcome.value:<12}  {verdict.detail}")
        for verdict in self.refuted:
            if verdict.counterexample:
                lines += [
                    "",
                    f"# {verdict.key.removeprefix('conformance.')}: {verdict.detail}",
                    verdict.counterexample["code"],
                ]
        return "\n".join(lines)


def check_rule(
    rule: Callable[..., Any],
    n: int,
    f: int,
    *,
    kappa: float | None = None,
    claims: Iterable[str] | str | None = None,
    dim: int = 3,
    rtol: float | None = None,
    max_examples: int = 100,
    seed: int = 0,
    time_limit: float | None = 10.0,
    strict: bool = False,
) -> Conformance:
    """Test an aggregation rule against the properties that a robust rule should have.

    Parameters
    ----------
    rule : callable
        ``rule(messages)`` or ``rule(messages, f=f)``, from an (n, q) array to a (q,) array.
    n, f : int
        Number of messages, and of Byzantine ones among them; ``2 f < n``.
    kappa : float, optional
        Robustness coefficient that the rule claims (LAD, Definition 1); untested where omitted.
    claims : iterable of str or "all", optional
        Members of ``byzbounds.verify.subject.CLAIMABLE`` that the rule claims. By default what a rule of this package
        declares, and permutation invariance for any other.
    dim : int
        Largest dimension of the messages.
    rtol : float, optional
        Relative accuracy of an iterative rule; by default its attribute ``tolerance`` or rounding alone.
    max_examples : int
        Message sets a property.
    seed : int
        Makes the examples reproducible.
    time_limit : float or None
        Seconds after which a single call on these small arrays counts as one that does not return; None for no limit.
        Such an example is reported as found, not minimised.
    strict : bool
        Whether to raise if a property fails.

    Returns
    -------
    Conformance
        Prints as a table with a minimal failing example as code.

    Raises
    ------
    ValueError
        For arguments that do not fit.
    NotConforming
        An AssertionError, with ``strict``.
    """
    tested = subject(rule, n, f, kappa=kappa, claims=claims, rtol=rtol, time_limit=time_limit)
    if dim < 1 or max_examples < 1:
        raise ValueError(f"check_rule needs dim >= 1 and max_examples >= 1, got dim={dim}, max_examples={max_examples}")
    verdicts = tuple(check_property(tested, name, dim=dim, max_examples=max_examples, seed=seed) for name in PROPERTIES)
    result = Conformance(rule_name(rule), n, f, verdicts)
    if strict and not result.passed:
        raise NotConforming(str(result))
    return result


def rule_name(rule: Any) -> str:
    """A name for people: of a function its own, of an object its representation."""
    name = getattr(rule, "__qualname__", None) or repr(rule)
    return name if " at 0x" not in name else type(rule).__name__


def _not_tested(tested: Subject, name: str) -> str | None:
    if name == "kappa":
        return "no kappa is claimed" if tested.kappa is None else None
    if name == "f = 0" and not tested.takes_f:
        return "the rule takes no f at the call"
    if name in ("non-finite input", "breakdown") and tested.f == 0:
        return "there are no Byzantine messages"
    return None if name in ALWAYS or name in tested.claims else "not claimed"


def check_property(tested: Subject, name: str, *, dim: int = 3, max_examples: int = 100, seed: int = 0) -> Verdict:
    """Test one property of a rule; see `check_rule`."""
    key = f"conformance.{name}"
    parameters = {
        "rule": rule_name(tested.rule),
        "n": tested.n,
        "f": tested.f,
        "kappa": tested.kappa,
        "dim": dim,
        "max_examples": max_examples,
    }
    reason = _not_tested(tested, name)
    if reason:
        return Verdict(
            key, Check.PROPERTY, Outcome.VACUOUS, seed=seed, parameters=parameters, detail=reason, points=0, vacuous=1
        )
    chosen = properties.ALL[name]
    examples = 0
    for dtype in chosen.dtypes:
        failure, tried = _falsify(tested, chosen, dtype, dim, max_examples, seed)
        examples += tried
        if failure is not None:
            sample, trouble, calls = failure
            return Verdict(
                key,
                Check.PROPERTY,
                Outcome.REFUTED,
                samples=examples,
                seed=seed,
                parameters=parameters,
                detail=trouble,
                counterexample=witness(sample, calls, rule_name(tested.rule), tested.f if tested.takes_f else None),
            )
    return Verdict(
        key,
        Check.PROPERTY,
        Outcome.HOLDS,
        samples=examples,
        seed=seed,
        parameters=parameters,
        detail=f"no counterexample in {examples} message sets",
    )


def _falsify(
    tested: Subject, chosen: properties.Property, dtype: str, dim: int, max_examples: int, seed: int
) -> tuple[Failure | None, int]:
    """Search for a message set on which the property fails; the last failure that is replayed is the minimal one."""
    failures: list[Failure] = []
    calls: list[Any] = []
    tested = replace(tested, log=calls)
    tried, hangs = 0, False
    dims = hypothesis.strategies.integers(1, dim)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(message_sets(tested.n, tested.f, dim=dims, shapes=chosen.shapes, dtype=dtype))
    def search(sample: MessageSet) -> None:
        nonlocal tried, hangs
        if hangs:  # minimising would wait for the limit at every attempt
            return
        tried += 1
        calls.clear()
        try:
            trouble = chosen.holds(tested, sample)
        except TookTooLong as error:
            hangs = True
            failures.append((sample, str(error), tuple(calls)))
            return
        except Exception as error:  # a rule that raises on finite messages fails the property, whatever the type
            trouble = "raises " + traceback.format_exception_only(error)[-1].strip()
        if trouble:
            failures.append((sample, trouble, tuple(calls)))
            raise NotConforming(trouble)

    try:
        search()
    except (NotConforming, hypothesis.errors.Flaky):
        return failures[-1], tried
    return (failures[-1] if hangs else None), tried


@dataclass(frozen=True)
class RuleCase:
    """A rule and what it is held to, for `rule_checks`; the fields are the arguments of `check_rule`."""

    rule: Callable[..., Any]
    n: int
    f: int
    kappa: float | None = None
    claims: Any = None
    rtol: float | None = None
    max_examples: int = 50
    seed: int = 0
    time_limit: float | None = 10.0


def rule_checks(cases: Iterable[RuleCase]) -> Any:
    """Pytest decorator: one test for each rule and each property that applies to it.

    The test takes the arguments ``rule`` and ``check`` and calls ``check(rule)``, which raises an AssertionError with a
    minimal example where the property fails::

        @rule_checks([RuleCase(my_rule, n=10, f=2, kappa=1 / 3)])
        def test_my_rules(rule, check):
            check(rule)
    """
    import pytest

    values = []
    for case in cases:
        tested = subject(case.rule, case.n, case.f, kappa=case.kappa, claims=case.claims, rtol=case.rtol)
        for name in PROPERTIES:
            if _not_tested(tested, name) is None:
                label = f"{rule_name(case.rule)}-n={case.n}-f={case.f}-{name}"
                values.append(pytest.param(case.rule, _pytest_check(case, name), id=label))
    return pytest.mark.parametrize(("rule", "check"), values)


def _pytest_check(case: RuleCase, name: str) -> Callable[[Callable[..., Any]], None]:
    def check(rule: Callable[..., Any]) -> None:
        tested = subject(
            rule, case.n, case.f, kappa=case.kappa, claims=case.claims, rtol=case.rtol, time_limit=case.time_limit
        )
        verdict = check_property(tested, name, max_examples=case.max_examples, seed=case.seed)
        if verdict.outcome is Outcome.REFUTED:
            assert verdict.counterexample is not None
            raise NotConforming(f"{name}: {verdict.detail}\n{verdict.counterexample['code']}")

    return check
