"""Run the command line: ``python -m byzbounds`` and the ``byzbounds`` script."""

from __future__ import annotations


def main() -> None:
    """Start the command line."""
    from .reports.cli import app

    app()


if __name__ == "__main__":
    main()
