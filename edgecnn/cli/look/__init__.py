"""Commands that look: inspect, evaluate, devices, doctor."""
