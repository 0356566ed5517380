from __future__ import annotations

import pytest

from byzbounds.simulate.attacks import SignFlipping
from byzbounds.simulate.compression import RandomSparsification
from byzbounds.simulate.experiments import PARAMETERS, experiment, replication_note
from byzbounds.simulate.problems import Classification, CraRegression, LadRegression


class TestLiteralDefaults:
    @pytest.mark.parametrize("name", ["VA", "CWTM", "CWTM-NNM", "LAD-CWTM", "DRACO"])
    def test_lad(self, name):
        found = experiment(name).configuration
        assert found.problem == LadRegression(100, 100, 0.3, 100.0, "variance", "variance")
        assert (found.iterations, found.gamma, found.byzantine_count) == (2000, 1e-6, 20)
        assert found.attacker == SignFlipping(-2.0)
        assert found.byzantine == "redrawn"
        assert found.x0 is None
        assert found.method.step_scale == 1
        if "CWTM" in name:
            assert "fraction=0.1" in repr(found.method.rule)

    def test_compressed(self):
        found = experiment("Com-LAD-CWTM-NNM").configuration
        assert (found.gamma, found.byzantine_count, found.method.encoding.d) == (3e-7, 30, 3)
        assert found.method.compressor == RandomSparsification(30)

    @pytest.mark.parametrize("name", ["MA", "RBA-median", "SGC-DL", "Clairvoyant", "CRA-phocas"])
    def test_cra(self, name):
        found = experiment(name).configuration
        assert found.problem == CraRegression(1000, 100, 0.0, 100.0, "variance")
        assert (found.gamma, found.byzantine_count, found.byzantine) == (1e-3, 20, "redrawn")
        if name in ("SGC-DL", "CRA-phocas"):
            assert found.method.encoding.r == 40


class TestEveryPartCanBeNamed:
    def test_the_issue_line(self):
        found = experiment(
            "CRA-median", sigma_H=0.1, T=20, attack="sign", byzantine="fixed", allocation="balanced", r=20, alpha=0.3
        )
        assert found.configuration.iterations == 20
        assert found.configuration.byzantine == "fixed"
        assert found.configuration.byzantine_count == 30
        assert found.parameters["H"] == 70
        assert found.notes == ()

    def test_counts_in_three_ways(self):
        for given in ({"H": 90}, {"f": 10}, {"alpha": 0.1}, {"H": 90, "f": 10, "alpha": 0.1}):
            assert experiment("VA", **given).configuration.byzantine_count == 10
        assert experiment("VA", N=90).configuration.byzantine_count == 10

    def test_delta_is_a_number_of_coordinates(self):
        assert experiment("Com-VA", delta=4).configuration.method.compressor == RandomSparsification(20)
        assert experiment("Com-VA", delta=1.5, Q=50).configuration.method.compressor == RandomSparsification(20)

    def test_readings(self):
        found = experiment(
            "LAD-CWTM", features="deviation", heterogeneity="deviation", tasks="fixed", trimming="total", estimate="sum"
        ).configuration
        assert found.problem.features_reading == found.problem.heterogeneity_reading == "deviation"
        assert found.method.encoding.tasks == "fixed"
        assert found.method.step_scale == 100
        assert experiment("VA", x0=1.5).configuration.x0.tolist() == [1.5] * 100

    def test_data_sets(self):
        pytest.importorskip("sklearn")
        found = experiment("CRA-median", problem="digits", skew=0.1, r=10).configuration
        assert found.problem == Classification("digits", M=100, alpha=0.1)
        assert found.iterations == 500

    def test_notes(self):
        note = replication_note(experiment("CRA-median").configuration, range(3))
        assert "d_k runs from 0 to" in note
        assert "of 1000 subsets are held by no device" in note
        assert replication_note(experiment("CRA-median", allocation="balanced").configuration, [0]) is None
        assert "held by" not in replication_note(
            experiment("CRA-median", allocation="balanced", r=35).configuration, [0]
        )
        assert experiment("VA", d=5).notes == ("d=5 does not concern VA",)

    def test_rule_apart_from_the_name(self):
        assert experiment("LAD", rule="cwtm").parameters["d"] == 10
        assert experiment("CRA-DL", rule="median", r=20).notes == ()

    def test_no_attack(self):
        assert experiment("VA", attack="none").configuration.attacker is None


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("VA", {"gama": 1}, "no parameter 'gama'; did you mean 'gamma'"),
        ("VA", {"alpha": 0.033}, "alpha=0.033 of N=100 devices makes 3.3"),
        ("VA", {"H": 80, "alpha": 0.1}, "contradict each other: 20 and 10"),
        ("VA", {"H": 101}, "f=-1"),
        ("Com-VA", {"delta": 2}, "delta=2 keeps"),
        ("Com-VA", {"delta": 4, "k": 30}, "contradict each other: delta keeps 20"),
        ("Com-VA", {"k": 101, "T": 1}, "k <= q|k=101"),
        ("VA", {"problem": "ladd"}, "no problem 'ladd'"),
        ("VA", {"M": 50}, "as many subsets as devices, got M=50, N=100"),
        ("VA", {"T": "many"}, "T='many' has to be a finite number"),
        ("VA", {"gamma": "fast"}, "gamma='fast' has to be a finite number"),
        ("VA", {"N": 99.5}, "N=99.5 has to be a whole number"),
        ("VA", {"alpha": float("nan")}, "alpha=nan has to be a finite number"),
        ("RBA-median", {"alpha": 0.5}, "needs N > 2f"),
    ],
)
def test_bad_input(name, given, message):
    from byzbounds.simulate.training import train

    with pytest.raises(ValueError, match=message):
        train(experiment(name, **given).configuration, 1)


def test_parameters_are_all_known():
    assert {"d", "sigma_H", "T", "attack", "byzantine", "allocation", "r", "alpha", "delta", "k", "gamma"} <= set(
        PARAMETERS
    )
