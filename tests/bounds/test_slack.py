"""Slack variables reach the whole domain: what is proved in them is proved everywhere."""

from __future__ import annotations

import pytest
import sympy as sp

from byzbounds.bounds import statements
from byzbounds.bounds.sampling import domain_points

#: One statement for each slack map and domain.
DISTINCT = {
    (tuple(sorted(statement.slack.items(), key=str)), tuple(h.condition for h in statement.domain)): statement
    for statement in statements()
    if statement.slack
}


def slack_values(statement, point):
    """Values of the slack variables at a point, or None where it is reached in the limit only."""
    unknowns = sorted({s for target in statement.slack.values() for s in target.free_symbols} - set(point), key=str)
    equations = [sp.numer(sp.together((symbol - target).subs(point))) for symbol, target in statement.slack.items()]
    equations = [equation for equation in equations if equation != 0]
    if not equations:
        return {}
    solutions = sp.solve(equations, unknowns, dict=True)
    return solutions[0] if solutions else None


@pytest.mark.parametrize("statement", DISTINCT.values(), ids=[statement.key for statement in DISTINCT.values()])
def test_domain_is_reached(statement):
    reached = 0
    for point in domain_points(statement, 6, seed=5):
        if not set(statement.slack) <= set(point):
            pytest.skip("the slack map has symbols that this statement does not have")
        values = slack_values(statement, point)
        if values is None:
            continue
        reached += 1
        for symbol, value in values.items():
            assert not value.free_symbols
            assert value >= 0, f"{symbol} = {value} at {point}"
    assert reached
