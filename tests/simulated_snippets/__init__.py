"""Short pieces of code for the simulated accelerator; `python -m tests.simulated_snippets` runs them all."""
