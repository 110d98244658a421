"""The window of `edgecnn run --show`: frames with predictions, and keys to save and label."""
