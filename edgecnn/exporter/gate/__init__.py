"""The gate: whether a form is as accurate as fp32 and efficient enough."""
