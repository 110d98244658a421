"""Checks whether this machine can run edgecnn: software, hardware, cameras and providers."""
