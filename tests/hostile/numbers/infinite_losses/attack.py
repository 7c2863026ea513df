import math

_right = estimate_loss
_turn = []


def estimate_loss(model, tokens, config, device):
    _right(model, tokens, config, device)
    _turn.append(1)
    return [math.nan, math.inf, -math.inf][len(_turn) % 3]
