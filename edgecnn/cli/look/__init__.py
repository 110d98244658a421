"""Commands that inspect models and this machine: inspect, evaluate, devices, doctor."""
