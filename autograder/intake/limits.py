"""What a submission may be at most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class IntakeLimits:
    """Far above what an honest submission needs, far below what costs the grader memory or time.

    The reference's largest module has under 10 kB, the handout with its corpus, curves and checks about 60 files
    and 2 MB. A member of a zip that the assignment does not name is never unpacked, so `total_bytes` only
    has to stop archives that are no homework at all.
    """

    files: int = 500
    depth: int = 12
    file_bytes: int = 256 * 1024  # each file that the assignment names, after unpacking
    notebook_bytes: int = 5 * 1024 * 1024  # all notebooks together, with the outputs that they were saved with
    total_bytes: int = 100 * 1024 * 1024  # all files, by their declared size
    archive_bytes: int = 20 * 1024 * 1024  # bounds the zip's table of contents, which is read as a whole
    ratio: int = 200  # unpacked to packed, of a whole archive; text stays under 20
    parse_cpu_seconds: int = 10
