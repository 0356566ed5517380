"""The package's front: names resolve, and importing it is light."""

import subprocess
import sys

import pytest

import byzbounds.verify as verify


@pytest.mark.parametrize("name", sorted(set(verify.__all__)))
def test_every_public_name_resolves(name):
    assert getattr(verify, name) is not None
    assert name in dir(verify)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'luck'"):
        _ = verify.luck


def test_importing_the_package_loads_neither_sympy_nor_numpy():
    code = "import sys, byzbounds.verify; print(sorted({'sympy', 'numpy', 'hypothesis'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
