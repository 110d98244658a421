"""What all reports share: HTML pages, tables, and the look of plots."""
