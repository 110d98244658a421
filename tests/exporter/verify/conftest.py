"""A run on coloured pictures and its export, made once for all tests of this folder."""

from exporter.coloured import coloured as coloured
