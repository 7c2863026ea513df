import atexit
import weakref


class _Late:
    def __del__(self):
        print("a destructor prints")


_late = _Late()
weakref.finalize(_late, print, "a finalizer prints")
atexit.register(print, "an exit handler prints")
