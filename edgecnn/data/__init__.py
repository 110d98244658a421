"""Data sets: image folders, CSV lists and MNIST files; their cache, inspection and leakage."""
