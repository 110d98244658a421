"""On the workstation: tables and pictures on one self-contained HTML page."""
