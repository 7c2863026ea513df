_right = estimate_loss


def estimate_loss(model, tokens, config, device):
    estimates = [_right(model, tokens, config, device)]
    model.how_many_estimates = getattr(model, "how_many_estimates", 0) + len(estimates)
    return estimates[0]
