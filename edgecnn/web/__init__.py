"""The live page of a run in a browser. Needs the extra `[web]`, but neither torch nor onnx."""
