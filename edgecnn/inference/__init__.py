"""ONNX Runtime: sessions, execution providers, and `Classifier`."""
