"""Live sources, each read by a capture process that can be replaced."""
