"""From a float graph to an int8 one: calibration, mixed precision, fine-tuning, audits."""
