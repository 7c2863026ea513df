class _Float(float):
    def __repr__(self):
        return f"{float(self):.3f}"


_right = train


def train(model, train_tokens, test_tokens, config, device):
    history = _right(model, train_tokens, test_tokens, config, device)
    history.train_loss = [_Float(loss) for loss in history.train_loss]
    return history
