"""What only a machine with a GPU can tell: `python -m tests.gpu`."""
