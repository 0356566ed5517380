"""Exhaustive enumeration in exact rationals, for small sizes."""

from __future__ import annotations
