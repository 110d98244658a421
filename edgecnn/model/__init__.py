"""The model file: its contract, `fit_frame`, digest, golden frames and the check of its graph."""
