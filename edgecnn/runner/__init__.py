"""A run on the device: from sources through the classifier to sinks. Needs no torch and no onnx."""
