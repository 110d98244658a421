"""From a trained network or an external ONNX model to model files that passed the gate."""
