"""The collector: it saves labelled frames of a source as an image folder for training."""
