"""The model file: its contract, `fit_frame`, digest, golden frames and checks of its graph."""
