"""The window of a run: what cameras show, what the model says, and keys."""
