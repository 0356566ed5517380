from __future__ import annotations

import importlib.util

from byzbounds.reports import provenance


def test_machine_code_is_named_where_it_is_made(monkeypatch):
    monkeypatch.setattr(provenance, "available", lambda: False)
    assert "llvmlite" not in provenance.versions()
    monkeypatch.setattr(provenance, "available", lambda: True)
    assert ("llvmlite" in provenance.versions()) == (importlib.util.find_spec("llvmlite") is not None)
    assert {"byzbounds", "python", "numpy"} <= set(provenance.versions())
