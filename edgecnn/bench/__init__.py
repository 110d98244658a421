"""On the device: how long a model takes here, as numbers that can be compared."""
