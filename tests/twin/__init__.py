"""An independent twin of the month in plain loops, written from docs/model.md and not from the code."""
