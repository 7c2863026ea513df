"""The hidden checks, `hidden_*.py`, and what only they may know."""
