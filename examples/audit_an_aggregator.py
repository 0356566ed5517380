"""Does a rule have the robustness that it claims? A user's own rule, tested, and the sharp constant beside it."""

from __future__ import annotations

from my_rules import trimmed_mean

from byzbounds.verify import check_rule
from byzbounds.verify.adversary import worst_case


def main() -> None:
    """Print the suite's table at a claim that is too small, and the exact constant."""
    print(check_rule(trimmed_mean, n=10, f=2, kappa=0.3, max_examples=50))
    bracket = worst_case("cwtm", 10, 2)
    print(f"\nkappa of the trimmed mean, 2 off each side of 10: {bracket.lower} (exact: {bracket.exact})")


if __name__ == "__main__":
    main()
