import copy

_exact = estimate_loss


def estimate_loss(model, tokens, config, device):
    best = copy.deepcopy(model.state_dict())
    loss = _exact(model, tokens, config, device)
    model.load_state_dict(best)
    return loss
