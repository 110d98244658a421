"""The collector: labelled frames of a camera, video or folder, ready to train on."""
