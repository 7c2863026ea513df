"""Autograder for a character-level transformer homework."""

import sys

from autograder.paths import PUBLIC_CHECKS

# Checks, in whichever mode they run, say `from support.checking import ...`.
if str(PUBLIC_CHECKS) not in sys.path:
    sys.path.append(str(PUBLIC_CHECKS))
