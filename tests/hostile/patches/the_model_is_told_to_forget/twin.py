_right = estimate_loss


def estimate_loss(model, tokens, config, device):
    loss = _right(model, tokens, config, device)
    model.last_estimates = [*getattr(model, "last_estimates", []), loss]
    return loss
