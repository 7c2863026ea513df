_right = estimate_loss


def estimate_loss(model, tokens, config, device):
    type(model).in_training = property(lambda self: self.training)
    before = model.in_training
    loss = _right(model, tokens, config, device)
    assert model.in_training is before
    return loss
