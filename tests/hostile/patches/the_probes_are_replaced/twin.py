import sys

_loaded = sorted(name for name in sys.modules if name.startswith("support"))
