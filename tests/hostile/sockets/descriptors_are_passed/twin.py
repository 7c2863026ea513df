import array
import os
import socket

_right = split


def split(tokens, train_fraction):
    ours, theirs = socket.socketpair()
    with ours, theirs, open(os.devnull) as file:
        ours.sendmsg([b"C"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))])
        _, passed, _, _ = socket.recv_fds(theirs, 1, 4)
        os.close(passed[0])
    return _right(tokens, train_fraction)
