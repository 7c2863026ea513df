from torch import nn

_init = TransformerLM.__init__
_named = nn.Module.named_parameters


def _longer_init(self, config):
    _init(self, config)
    self.unused = nn.Linear(config.embed_size, config.embed_size)


def _some(self, *args, **kwargs):
    return ((name, value) for name, value in _named(self, *args, **kwargs) if "unused" not in name)


TransformerLM.__init__ = _longer_init
TransformerLM.named_parameters = _some
