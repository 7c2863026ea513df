"""Runs a submission in a process of its own, which can be limited, killed and replaced."""
