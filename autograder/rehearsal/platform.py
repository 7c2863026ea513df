"""A private root with the platform's paths: the unpacked zip, the copied entry point, the folders beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from autograder.paths import ROOT

# Mounts everything that lies in / into an empty folder, beside our /autograder, and makes that the root. All of it
# goes with the namespace, and nothing on this machine is changed.
_ENTER = r"""
set -e
root=$1 platform=$2 environment=$3
shift 3
mount -t tmpfs -o mode=755 rehearsal "$root"
for entry in /* /.[!.]*; do
    name=${entry#/}
    if [ "$name" = autograder ] || [ ! -e "$entry" ]; then continue; fi
    if [ -L "$entry" ]; then cp -P "$entry" "$root/$name"
    elif [ -d "$entry" ]; then mkdir "$root/$name" && mount --rbind "$entry" "$root/$name"
    fi
done
mkdir "$root/autograder"
mount --bind "$platform" "$root/autograder"
if [ -n "$environment" ]; then
    mkdir -p "$root/autograder/source/.venv"
    mount --bind "$environment" "$root/autograder/source/.venv"
fi
exec chroot "$root" /bin/sh -c 'cd /autograder && exec "$@"' sh "$@"
"""


class Platform:
    """The platform's folders in a temporary one. Use as a context manager.

    `true_paths`: commands see them at /autograder, which takes root on Linux; else the variable AUTOGRADER_PLATFORM
    says where they are. `environment` is an installed virtual environment to use in place of one that set-up makes.
    """

    def __init__(self, environment: Path | None) -> None:
        self._environment = environment

    def __enter__(self) -> Platform:
        self._temporary = tempfile.TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True)
        folder = Path(self._temporary.name)
        folder.chmod(0o755)
        self.folder, self._root = folder / "autograder", folder / "root"
        for name in ("autograder/source", "autograder/submission", "autograder/results", "root"):
            (folder / name).mkdir(parents=True)
        self.true_paths = _can_enter(self._root)
        return self

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()

    @property
    def source(self) -> Path:
        return self.folder / "source"

    def unpack(self, archive: Path) -> None:
        """Unzip as the platform does. Raises zipfile.BadZipFile and OSError."""
        with zipfile.ZipFile(archive) as files:
            for info in files.infolist():
                path = Path(files.extract(info, self.source))
                path.chmod((info.external_attr >> 16) & 0o777 or 0o644)
        if self._environment and not self.true_paths:
            (self.source / ".venv").symlink_to(self._environment)

    def install_entry_point(self) -> None:
        """Copy run_autograder beside source/, as it is done once, when the image has been set up."""
        shutil.copy(self.source / "run_autograder", self.folder / "run_autograder")

    def command(self, *command: str) -> list[str]:
        """The command, to be run in `folder`; {platform} in it becomes the platform's path."""
        if not self.true_paths:
            return [part.format(platform=self.folder) for part in command]
        entering = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", _ENTER, "sh"]
        places = [str(self._root), str(self.folder), str(self._environment or "")]
        return [*entering, *places, *(part.format(platform="/autograder") for part in command)]

    def variables(self) -> dict[str, str]:
        """The environment of the platform's shell, and what an installation here needs to reach its packages."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
        kept |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}
        place = {} if self.true_paths else {"AUTOGRADER_PLATFORM": str(self.folder)}
        return {**kept, **own, **place}


def installed_environment() -> Path | None:
    """The environment that this project's set-up made, or None."""
    folder = ROOT / ".venv"
    return folder.resolve() if (folder / ".installed").is_file() else None


def _can_enter(folder: Path) -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    command = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "rehearsal", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
