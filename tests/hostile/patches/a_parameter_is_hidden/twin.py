from torch import nn

_named = nn.Module.named_parameters


def _all(self, *args, **kwargs):
    self.times_asked = getattr(self, "times_asked", 0) + 1
    return _named(self, *args, **kwargs)


TransformerLM.named_parameters = _all
