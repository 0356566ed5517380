from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate import METHODS, Method, method_from_name
from byzbounds.simulate.aggregation import NNM, Mean, Median, NormThresholding, Phocas, TrimmedMean
from byzbounds.simulate.allocation import BalancedRandom, NonRedundant, UniformRandom
from byzbounds.simulate.codes import CyclicCode, RepetitionCode
from byzbounds.simulate.compression import RandomSparsification
from byzbounds.simulate.encoding import AllocatedEncoding, CyclicEncoding, IndependentEncoding

NAMES = [name.replace("<rule>", rule) for name in METHODS for rule in (("cwtm", "median-nnm", "phocas"))]


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_every_name_makes_a_method(name):
    method = method_from_name(name, N=20, f=4, r=2)
    assert method.encoding.devices == 20
    assert method.f == 4
    assert method.step_scale == 1
    assert hash(method) == hash(method_from_name(name, N=20, f=4, r=2))
    assert method == method_from_name(name.upper(), N=20, f=4, r=2) or method.name != name.upper()


class TestCompositions:
    def test_lad(self):
        method = method_from_name("LAD-CWTM-NNM", d=10)
        assert method.encoding == CyclicEncoding(100, 10)
        messages = np.random.default_rng(0).standard_normal((100, 5))
        expected = (NNM(f=20) >> TrimmedMean(fraction=0.1))(messages)
        np.testing.assert_array_equal(method.rule(messages), expected)

    def test_baselines_are_lad_with_d_1(self):
        assert method_from_name("CWTM").encoding == CyclicEncoding(100, 1)
        assert isinstance(method_from_name("VA").rule, Mean)
        assert method_from_name("VA", baseline="independent").encoding == IndependentEncoding(100)

    def test_compressed(self):
        method = method_from_name("Com-LAD-CWTM", d=3, f=30, k=30)
        assert method.compressor == RandomSparsification(30)
        assert method.name == "Com-LAD-CWTM"
        assert method_from_name("Com-VA", compressor="bernoulli:0.5").compressor.p == 0.5
        assert method_from_name("Com-TGN").rule == NormThresholding(fraction=0.2)

    def test_cra(self):
        method = method_from_name("CRA-median", allocation="balanced", r=20)
        assert method.encoding == AllocatedEncoding(100, BalancedRandom(), 20)
        assert method.rule == Median(f=20)
        assert method_from_name("RBA-phocas").rule == Phocas(f=20)
        assert method_from_name("RBA-phocas").encoding == AllocatedEncoding(100, NonRedundant())
        assert method_from_name("SGC-DL").encoding == AllocatedEncoding(100, UniformRandom(), 40)
        assert method_from_name("Clairvoyant").knows_identities

    def test_draco(self):
        assert method_from_name("DRACO").rule == RepetitionCode(100, 20)
        assert method_from_name("DRACO", N=20, f=2, code="cyclic").encoding == CyclicCode(20, 2)
        with pytest.raises(ValueError, match="cannot be decoded in double precision"):
            method_from_name("DRACO", code="cyclic")

    def test_what_a_method_costs(self):
        assert method_from_name("LAD-CWTM", d=10).load(100) == 10
        assert method_from_name("VA").load(100) == method_from_name("VA", baseline="independent").load(100) == 1
        assert method_from_name("DRACO").load(100) == 50
        assert method_from_name("DRACO", N=20, f=2, code="cyclic").load(20) == 5
        assert method_from_name("CRA-median", r=40).load(1000) == 40
        assert method_from_name("MA").load(1000) == 10
        assert method_from_name("VA").bits(100) == 3200
        assert method_from_name("DRACO", N=20, f=2, code="cyclic").bits(100) == 6400
        assert method_from_name("Com-VA", k=30).bits(100) == 30 * 32 + method_from_name(
            "Com-VA"
        ).compressor.position_bits(100)

    def test_names_in_either_order(self):
        for name in ("LAD-median-nnm", "LAD-nnm+median"):
            messages = np.random.default_rng(0).standard_normal((100, 5))
            np.testing.assert_array_equal(method_from_name(name).rule(messages), (NNM(f=20) >> Median(f=20))(messages))

    def test_rule_apart_from_the_name(self):
        assert method_from_name("CRA-DL", rule="median") == method_from_name("CRA-median")
        assert method_from_name("com-lad", rule="cwtm-nnm", d=3).name == "Com-LAD-cwtm-nnm"
        assert method_from_name("RBA-DL", rule=Median(f=3)).rule == Median(f=3)

    def test_a_method_of_ones_own(self):
        method = Method("mine", CyclicEncoding(10, d=3), NNM(f=2) >> Median(), f=2, estimate="sum")
        assert method.step_scale == 10


class TestReadings:
    @pytest.mark.parametrize(("trimming", "left_out"), [("side", 10), ("total", 5)])
    def test_trimming(self, trimming, left_out):
        assert method_from_name("CWTM", trimming=trimming).rule.trimmed(100) == left_out

    def test_trim_of_cra_is_f_unless_given(self):
        assert method_from_name("CRA-cwtm").rule.trimmed(100) == 20
        assert method_from_name("CRA-cwtm", trim=0.05).rule.trimmed(100) == 5

    def test_persistence(self):
        assert method_from_name("LAD-CWTM", tasks="fixed").encoding.tasks == "fixed"
        assert method_from_name("LAD-CWTM").encoding.subsets == "redrawn"
        assert method_from_name("CRA-median").encoding.subsets == "fixed"
        assert method_from_name("CRA-median", subsets="redrawn").encoding.subsets == "redrawn"

    def test_estimate(self):
        assert method_from_name("VA", estimate="sum").step_scale == 100


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("LAD-CTWM", {}, "no rule 'ctwm': did you mean 'cwtm'"),
        ("CWMT", {}, "no method is called 'CWMT'; did you mean CWTM"),
        ("Com-DRACO", {}, "no method is called 'Com-DRACO'"),
        ("Com-MA", {}, "no method is called 'Com-MA'"),
        ("zzz", {}, "known are VA, CWTM"),
        ("TGN", {}, "no method is called 'TGN'; did you mean Com-TGN"),
        ("CRA-DL", {}, "'CRA-DL' needs a rule"),
        ("VA", {"rule": "median"}, "'VA' takes no rule='median'"),
        ("CRA-median", {"rule": "median"}, "takes no rule"),
        ("VA", {"dd": 3}, "no parameter 'dd'"),
        ("LAD-CWTM", {"d": 101}, "1 <= d <= devices"),
        ("LAD-CWTM", {"f": 50}, "needs N > 2f, got N=100, f=50"),
        ("VA", {"f": 100}, "needs 0 <= f < N, got f=100, N=100"),
        ("VA", {"f": -1}, "needs 0 <= f < N, got f=-1"),
        ("VA", {"estimate": "both"}, "estimate='both' has to be one of 'mean', 'sum'"),
        ("CWTM", {"trim": 0.5}, "fraction"),
        ("CRA-median", {"allocation": "uniforn"}, "did you mean uniform"),
        ("VA", {"tasks": "never"}, "tasks='never' has to be one of"),
    ],
)
def test_bad_input(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        method_from_name(name, **parameters)
