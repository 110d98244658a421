"""The demo: a model trained, exported, run on a video and timed, with a report of all of it."""
