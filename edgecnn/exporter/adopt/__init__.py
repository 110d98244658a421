"""External ONNX models: read and run in a child process with limits, simplified for fusion."""
