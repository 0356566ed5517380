"""Pending."""

from __future__ import annotations

from .probe import Probe

PROBES: tuple[Probe, ...] = ()
