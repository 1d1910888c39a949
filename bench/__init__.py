"""Benchmarks: `python -m bench NAME...`. What is measured, how, and against which ceiling: docs/benchmarks.md."""
