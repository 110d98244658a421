"""`doctor`: is this machine fit to classify, and what to do where it is not."""
