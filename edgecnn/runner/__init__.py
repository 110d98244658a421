"""On the device: from a model file and a source to predictions. Needs neither torch nor onnx."""
