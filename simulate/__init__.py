"""The methods, and what they are made of, on any array backend."""

from __future__ import annotations

from .methods import METHODS, Method, Settings, method_from_name
from .training import run
from .trajectory import Trajectory

__all__ = ["METHODS", "Method", "Settings", "Trajectory", "method_from_name", "run"]
