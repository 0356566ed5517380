"""The runner: what it covers, reproducibility, resuming, and what counts as a failure."""

from collections import Counter
from dataclasses import replace

import pytest

from byzbounds.bounds.catalogue import get, statements
from byzbounds.bounds.statement import Kind, Relation
from byzbounds.verify import runner
from byzbounds.verify.coverage import how_verified
from byzbounds.verify.probe import Probe, Settings
from byzbounds.verify.verdict import Check, Outcome, Verdict


def test_every_probe_is_about_a_statement_and_names_are_unique():
    names = Counter(probe.name for probe in runner.probes())
    assert max(names.values()) == 1
    assert {probe.key for probe in runner.probes()} <= {statement.key for statement in statements()}


def test_every_lemma_and_theorem_of_the_papers_is_checked_in_two_ways():
    ways = {}
    for probe in runner.probes():
        ways.setdefault(probe.key, set()).add(probe.check)
    for statement in statements():
        if statement.source.paper in ("LAD", "CRA") and statement.kind in (Kind.LEMMA, Kind.THEOREM):
            assert len(ways.get(statement.key, ())) >= 2, statement.key


def test_a_run_can_be_repeated_and_depends_on_its_seed():
    first, again = (runner.run(["lad.lemma2"], seed=5) for _ in range(2))
    other = runner.run(["lad.lemma2"], seed=6)
    assert first == again
    assert [v.lhs for v in first if v.check is Check.MONTE_CARLO] != [
        v.lhs for v in other if v.check is Check.MONTE_CARLO
    ]


def test_sampling_checks_share_the_error_probability():
    verdicts = runner.run(["lad.lemma2", "lad.eq46"])
    sampled = [v for v in verdicts if v.check is Check.MONTE_CARLO]
    assert len(sampled) == 2
    assert all(v.parameters["level"] == runner.ERROR / 2 and v.confidence == 1 - runner.ERROR / 2 for v in sampled)
    assert all(v.confidence is None for v in verdicts if v.check is Check.EXACT)


def test_finished_verdicts_are_not_computed_again(tmp_path, monkeypatch):
    first = runner.run(["cra.phi1", "cra.phi2"], store=tmp_path)
    monkeypatch.setattr(runner, "attempt", lambda *_: pytest.fail("computed again"))
    assert [v.to_json() for v in runner.run(["cra.phi1", "cra.phi2"], store=tmp_path)] == [v.to_json() for v in first]


def test_a_killed_run_keeps_what_was_finished(tmp_path, monkeypatch):
    real, calls = runner.attempt, []

    def killed(probe, settings):
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(probe.name)
        return real(probe, settings)

    monkeypatch.setattr(runner, "attempt", killed)
    with pytest.raises(KeyboardInterrupt):
        runner.run(["cra.phi1"], store=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_progress_is_told():
    seen = []
    runner.run(["cra.phi1"], progress=lambda fraction, name: seen.append((fraction, name)))
    assert seen[0] == (0.0, "cra.phi1/derivation")
    assert seen[-1] == (1.0, "")


def test_a_check_that_breaks_is_inconclusive_and_says_why():
    def broken(*_):
        raise ValueError("out of cheese")

    verdict = runner.attempt(Probe("cra.phi1", Check.EXACT, broken), Settings())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "out of cheese" in verdict.detail
    assert verdict.points == 0


def test_prefixes_and_unknown_keys():
    assert {v.key for v in runner.run(["cra.phi1"])} == {"cra.phi1"}
    assert len({v.key for v in runner.run(["compression."])}) > 5
    with pytest.raises(ValueError, match="did you mean"):
        runner.run(["lad.lema1"])
    with pytest.raises(ValueError, match="preset is one of"):
        runner.run(["cra.phi1"], preset="fast")
    with pytest.raises(ValueError, match="at least 0"):
        runner.run(["cra.phi1"], seed=-1)


def test_only_what_the_catalogue_itself_states_is_a_failure():
    refuted = Verdict("lad.lemma1", Check.EXACT, Outcome.REFUTED)
    assert runner.failures([refuted]) == [refuted]
    assert runner.failures([replace(refuted, outcome=Outcome.INCONCLUSIVE)]) == []
    quoted = next(s for s in statements() if s.derivation is None and s.kind is Kind.CONSTANT)
    assert runner.failures([replace(refuted, key=quoted.key)]) == []


def test_a_refuted_constant_of_table_1_comes_with_messages():
    verdict = next(v for v in runner.run(["cra.table1.median"]) if v.check is Check.ADVERSARY)
    assert verdict.outcome is Outcome.REFUTED
    assert {"honest", "byzantine"} <= set(verdict.counterexample)


def test_the_table_of_ways_counts_points_and_ways():
    verdicts = runner.run(["cra.phi1"])
    row = next(row for row in how_verified(verdicts) if row.key == "cra.phi1")
    assert row.ways == 2
    assert row.checks == {"derivation": "HOLDS", "exact enumeration": "HOLDS"}
    assert row.points > 50
    idle = next(row for row in how_verified(verdicts) if row.key == "lad.problem")
    assert (idle.ways, idle.nothing_to_check) == (0, True)


def test_definitions_in_words_have_nothing_to_check():
    checked = {probe.key for probe in runner.probes()}
    for statement in statements():
        if statement.relation is Relation.DEFINITION and statement.formula is None:
            assert statement.key not in checked


def test_the_worst_outcome_of_a_way_is_shown():
    mixed = [Verdict("cra.phi1", Check.EXACT, outcome) for outcome in (Outcome.HOLDS, Outcome.REFUTED, Outcome.VACUOUS)]
    row = next(row for row in how_verified(mixed) if row.key == "cra.phi1")
    assert row.checks == {"exact enumeration": "REFUTED"}
    assert get(row.key).title == row.title


@pytest.mark.slow
def test_everything_that_the_catalogue_states_holds_or_is_undecided():
    verdicts = runner.run(["lad.", "cra.", "compression."])
    assert runner.failures(verdicts) == []
    assert not any("the check failed" in verdict.detail for verdict in verdicts)
    assert Counter(verdict.outcome for verdict in verdicts)[Outcome.HOLDS] > 200
    looked_at = {verdict.key for verdict in verdicts}
    few = [row for row in how_verified(verdicts) if row.key in looked_at and row.ways < 2]
    assert few == []
