"""What people and Gradescope get to see of a run."""
