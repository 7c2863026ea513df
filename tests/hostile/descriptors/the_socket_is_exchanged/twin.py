import os
import socket

_right = split


def split(tokens, train_fraction):
    ours, theirs = socket.socketpair()
    kept = os.dup(1)
    try:
        os.dup2(theirs.fileno(), 1)
        print("this goes to the other socket")
        return _right(tokens, train_fraction)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        ours.close()
        theirs.close()
