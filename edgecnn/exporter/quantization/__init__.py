"""From an fp32 graph to an int8 one: calibration, mixed precision, fine-tuning."""
