_forward = TransformerLM.forward


def _precise(self, tokens):
    return _forward(self, tokens).double().float()


TransformerLM.forward = _precise
