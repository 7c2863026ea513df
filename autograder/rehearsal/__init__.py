"""The platform's contract, played through on this machine: set-up, gradings, limits, and what comes out."""
