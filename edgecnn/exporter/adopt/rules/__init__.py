"""Simplification rules: each makes a graph smaller or plainer, and keeps what it computes."""
