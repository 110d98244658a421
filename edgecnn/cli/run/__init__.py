"""Commands that classify on a device: run, bench."""
