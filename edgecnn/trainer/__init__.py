"""Training of CNNs in PyTorch: recipes, networks, the loop, checkpoints and reports."""
