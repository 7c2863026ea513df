_right = get_batch


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    kind = type(f"BatchOf{batch_size}", (tuple,), {})
    return kind(_right(tokens, batch_size, ctx_size, device, generator))
