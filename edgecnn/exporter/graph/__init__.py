"""ONNX graphs: exported from torch, wrapped in the contract, converted to fp16, counted."""
