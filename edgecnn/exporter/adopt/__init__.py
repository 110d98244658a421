"""Strangers' ONNX files: read and run in a child process with limits, cleaned for fusion."""
