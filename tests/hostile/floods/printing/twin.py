import logging
import sys

from tqdm import tqdm

honest_split = split


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    for step in tqdm(range(2000), disable=False, mininterval=0):
        print(f"step {step}: cutting at {train_fraction} \N{BLACK SCISSORS}")
    sys.stderr.write("no new line")
    logging.warning("done")
    try:
        raise ValueError("\x1b[31mtoo long\x1b[0m, see [here](README.md): `tokens` must be <1-D> " * 100_000)
    except ValueError as error:
        assert len(str(error)) > 5_000_000
    return honest_split(tokens, train_fraction)
