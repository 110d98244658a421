"""Labelled videos: one file, or segments of a recording without end."""
