"""Where machine code is made, and for which processors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from byzbounds.simulate.compiled import active, available, engine, interpreted

ROOT = Path(__file__).parents[2]


def printed(code, **environment):
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_it_can_be_switched_off():
    code = "from byzbounds.simulate.compiled import active, available; print(available(), active())"
    assert printed(code, BYZBOUNDS_COMPILED="0") == "False False"


def test_rules_work_where_llvmlite_is_missing():
    code = (
        "import sys; sys.modules['llvmlite'] = sys.modules['llvmlite.binding'] = None\n"
        "import numpy as np\n"
        "from byzbounds.simulate.aggregation import rule_from_name\n"
        "from byzbounds.simulate.compiled import available\n"
        "x = np.random.default_rng(0).normal(size=(100, 100))\n"
        "for name in ('cwtm', 'krum', 'nnm+cwtm', 'geometric-median'):\n"
        "    assert np.isfinite(rule_from_name(name, f=20)(x)).all()\n"
        "print(available())"
    )
    assert printed(code) == "False"


def test_importing_the_package_loads_no_llvm():
    code = "import sys, byzbounds.simulate.aggregation; print('llvmlite' in sys.modules)"
    assert printed(code) == "False"


@pytest.mark.skipif(not available(), reason="needs llvmlite")
class TestHere:
    def test_within_a_context(self):
        assert active()
        with interpreted():
            assert not active()
        assert active()

    def test_the_machine(self):
        assert engine.machine().vector_bytes in (16, 32, 64)
        assert engine.machine().lanes(8) == engine.machine().vector_bytes // 8

    def test_broken_code_is_not_run(self):
        with pytest.raises(RuntimeError):
            engine.build("define i64 @f(i64 %x) { ret i32 %x }", "f", None, [])

    @pytest.mark.slow
    @pytest.mark.parametrize("width", ["16", "32"])
    def test_shorter_vectors(self, width):
        chosen = ["-k", "(compiled or stretches) and not engine"]
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/simulate", *chosen]
        environment = os.environ | {"BYZBOUNDS_VECTOR_BYTES": width}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        code = "from byzbounds.simulate.compiled.engine import machine; print(machine().vector_bytes)"
        assert printed(code, BYZBOUNDS_VECTOR_BYTES=width) == width
