"""Commands for data sets and training: collect, data, train, demo."""
