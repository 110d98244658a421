"""On the device: the live page of a run. Needs the extra `[web]`, and neither torch nor onnx."""
