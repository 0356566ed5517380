"""Every error pattern of small codes, and codes that promise too much."""

from dataclasses import dataclass

import numpy as np
import pytest

from byzbounds.simulate.codes import CyclicCode, RepetitionCode
from byzbounds.verify.exact.codes import check_code, patterns
from byzbounds.verify.verdict import Outcome


@pytest.mark.parametrize(("devices", "s"), [(3, 1), (5, 1), (5, 2), (7, 2), (9, 3)])
def test_the_cyclic_code_decodes_every_pattern(devices, s):
    verdict = check_code(CyclicCode(devices, s))
    assert verdict.outcome is Outcome.HOLDS, verdict.detail
    assert verdict.samples == 4 * (len(list(patterns(devices, s))) - 1) + 1


@pytest.mark.parametrize(("devices", "s"), [(3, 1), (6, 1), (10, 2)])
def test_the_repetition_code_decodes_every_pattern(devices, s):
    assert check_code(RepetitionCode(devices, s)).outcome is Outcome.HOLDS


@dataclass(frozen=True)
class Optimist:
    """Claims to correct one error more than its code does."""

    code: object

    @property
    def devices(self):
        return self.code.devices

    @property
    def s(self):
        return self.code.s + 1

    def start(self, seeds, subsets):
        return self.code.start(seeds, subsets)

    def __call__(self, messages):
        return self.code(messages)


@dataclass(frozen=True)
class Averaging(Optimist):
    """Decodes by taking the mean."""

    @property
    def s(self):
        return self.code.s

    def __call__(self, messages):
        return np.mean(messages, axis=-2)[..., : messages.shape[-1] // 2]


@pytest.mark.parametrize(
    "wrong", [Optimist(CyclicCode(5, 1)), Optimist(RepetitionCode(6, 1)), Averaging(CyclicCode(5, 1))]
)
def test_a_code_that_promises_too_much_is_refuted(wrong):
    verdict = check_code(wrong)
    assert verdict.outcome is Outcome.REFUTED
    assert len(verdict.counterexample["wrong"]) <= wrong.s
