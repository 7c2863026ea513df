"""Submissions whose grade is known: planted mistakes, systematic mutants, and correct variants.

`python -m tests.zoo` grades them and says how right the grades are.
"""
