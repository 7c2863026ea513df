import importlib.abc
import sys


class _Hook(importlib.abc.MetaPathFinder):
    asked = 0

    def find_spec(self, name, path=None, target=None):
        _Hook.asked += 1
        return None


sys.meta_path.insert(0, _Hook())
