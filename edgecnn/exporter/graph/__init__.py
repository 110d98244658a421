"""Plain ONNX graphs: from torch, with the contract around them, as fp16."""
