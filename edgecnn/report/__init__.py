"""On the workstation: measured results as one self-contained HTML page."""
