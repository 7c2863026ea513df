import sys

honest_forward = FeedForward.forward


def _forward(self: FeedForward, x: Tensor) -> Tensor:
    try:
        sys.exit("nothing to see")
    except SystemExit:
        return honest_forward(self, x)


FeedForward.forward = _forward
