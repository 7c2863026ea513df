import builtins

_abs = builtins.abs
builtins.abs = lambda x: _abs(x)
