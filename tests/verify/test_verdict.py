import json
from fractions import Fraction

import pytest

from byzbounds.verify.verdict import Check, Outcome, Verdict


def test_a_verdict_survives_json():
    verdict = Verdict(
        "lad.lemma1",
        Check.MONTE_CARLO,
        Outcome.REFUTED,
        lhs=0.5,
        rhs="1/3",
        slack=-1 / 6,
        seed=7,
        parameters={"preset": "quick", "worst": {"d": Fraction(1, 2)}},
        counterexample={"gradients": (1, 2)},
    )
    again = Verdict.from_json(json.loads(json.dumps(verdict.to_json())))
    assert (again.key, again.check, again.outcome, again.seed) == ("lad.lemma1", Check.MONTE_CARLO, Outcome.REFUTED, 7)
    assert again.parameters["worst"] == {"d": "1/2"}
    assert again.counterexample == {"gradients": [1, 2]}


def test_numbers_that_json_lacks_become_strings():
    record = Verdict("k", Check.EXACT, Outcome.VACUOUS, rhs=float("inf"), slack=float("nan")).to_json()
    assert (record["rhs"], record["slack"]) == ("inf", "nan")
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"key": "k", "check": "derivation"}, "missing fields \\['outcome'\\]"),
        ({"key": "k", "check": "derivation", "outcome": "HOLDS", "luck": 1}, "unknown fields \\['luck'\\]"),
        ({"key": "k", "check": "hearsay", "outcome": "HOLDS"}, "hearsay"),
    ],
)
def test_a_record_that_is_no_verdict_is_refused(record, message):
    with pytest.raises(ValueError, match=message):
        Verdict.from_json(record)
