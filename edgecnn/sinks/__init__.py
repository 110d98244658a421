"""Sinks: they write the results of a run to the terminal, to files and to videos."""
