import subprocess
from pathlib import Path

import pytest

from tools import tracked


@pytest.mark.parametrize(
    "line",
    [
        "https://files.python" + "hosted.org/packages/x",
        "registry.npm" + "js.org",
        "cd /ro" + "ot/.cache",
        "open('/wo" + "rk/main/x')",
        "/ho" + "me/alice/project",
    ],
)
def test_a_registry_or_a_machine_path_is_found(tmp_path: Path, line: str) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "fine.txt").write_text("mount it at /home/jovyan/data\n")
    (tmp_path / "bad.txt").write_text(f"first\n{line}\n")
    (tmp_path / "untracked.txt").write_text(line)
    subprocess.run(["git", "add", "fine.txt", "bad.txt"], cwd=tmp_path, check=True)
    assert [f.split(": ")[0] for f in tracked.findings(tmp_path)] == ["bad.txt:2"]
