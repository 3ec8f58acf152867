"""Benchmarks: the time of each stage, the quality of the blur, the cost of each aid."""
