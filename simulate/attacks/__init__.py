"""Byzantine attacks, on messages (..., n, q) of any array library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..naming import build
from .base import Attack
from .informed import ALittleIsEnough, FallOfEmpires, InnerProductManipulation, Mimic
from .optimised import Optimised
from .plain import Gaussian, LabelFlip, NonFinite, SampleDuplicating, SignFlipping, Zero

ATTACKS: dict[str, Callable[..., Attack]] = {
    "sign-flipping": SignFlipping,
    "gaussian": Gaussian,
    "sample-duplicating": SampleDuplicating,
    "zero": Zero,
    "non-finite": NonFinite,
    "label-flip": LabelFlip,
    "alie": ALittleIsEnough,
    "ipm": InnerProductManipulation,
    "mimic": Mimic,
    "optimised": Optimised,
}
"""The attacks by name."""

_ALIASES = {
    "sign": "sign-flipping",
    "duplicating": "sample-duplicating",
    "nan": "non-finite",
    "a-little-is-enough": "alie",
    "fall-of-empires": "ipm",
    "foe": "ipm",
    "inner-product-manipulation": "ipm",
}


def attack_from_name(name: str, **parameters: Any) -> Attack:
    """Make an attack from its name, e.g. ``attack_from_name("sign-flipping:-3")`` or ``("gaussian", variance=100)``.

    Parameters
    ----------
    name
        A key of `ATTACKS`, in any case, or one of a few other names (``"sign"``, ``"fall-of-empires"``); a value
        after a colon is the first parameter.
    **parameters
        Fields of the attack.

    Raises
    ------
    ValueError
        If there is no such attack (the text names near misses) or it does not take the parameters.
    """
    return build("attack", name, {**ATTACKS, **{alias: ATTACKS[full] for alias, full in _ALIASES.items()}}, parameters)


__all__ = [
    "ATTACKS",
    "ALittleIsEnough",
    "Attack",
    "FallOfEmpires",
    "Gaussian",
    "InnerProductManipulation",
    "LabelFlip",
    "Mimic",
    "NonFinite",
    "Optimised",
    "SampleDuplicating",
    "SignFlipping",
    "Zero",
    "attack_from_name",
]
