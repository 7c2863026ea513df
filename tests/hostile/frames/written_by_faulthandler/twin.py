import faulthandler

_right = split
faulthandler.enable()


def split(tokens, train_fraction):
    faulthandler.dump_traceback_later(60)
    try:
        return _right(tokens, train_fraction)
    finally:
        faulthandler.cancel_dump_traceback_later()
