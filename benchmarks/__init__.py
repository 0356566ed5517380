"""Benchmarks: every rule and the training loop against peers and the machine's limits, in one process.

``python -m benchmarks`` prints the tables and writes JSON and a plot; no test asserts a time.
"""
