"""Commands that make a network: collect, data, train, demo."""
