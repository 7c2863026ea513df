import atexit

honest_train = train
runs: list[History] = []
atexit.register(runs.clear)


def train(
    model: nn.Module, train_tokens: Tensor, test_tokens: Tensor, config: TrainConfig, device: torch.device | str
) -> History:
    print(f"training for {config.num_steps} steps")
    runs.append(honest_train(model, train_tokens, test_tokens, config, device))
    print(f"the last loss: {runs[-1].test_loss[-1]:.3f}")
    return runs[-1]
