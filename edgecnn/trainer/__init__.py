"""On the workstation: from pictures to a trained CNN, in PyTorch."""
