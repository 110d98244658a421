"""Benchmarks on the device: the latency of a model, and the ratio of two models."""
