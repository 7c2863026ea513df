def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    seen = f"an input that was hidden: {train_fraction!r} of {tokens.tolist()}"
    print(seen)
    kind = type("LookupError", (LookupError,), {"__doc__": seen, "__qualname__": seen, "__module__": seen})
    error = kind(seen)
    error.__notes__ = [seen]
    raise error from ValueError(seen)
