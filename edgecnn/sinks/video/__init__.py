"""Labelled videos: a single file, or a continuous recording in segments."""
