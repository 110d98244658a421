"""The report of a training run: its page, tables, plots and misclassified pictures."""
