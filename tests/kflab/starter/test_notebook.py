"""The starter notebook as a file: made of Markdown, whole, and without outputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from kflab.starter import notebook, tour

CELLS = [cell for cell in tour()["cells"] if cell["cell_type"] == "code"]


def sources(text: str) -> list[tuple[str, str]]:
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook(text)["cells"]]


def test_it_is_a_notebook_without_outputs() -> None:
    made = tour()
    nbformat.validate(nbformat.from_dict(made))
    assert len(CELLS) > 15
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CELLS)
    assert "```" not in str([cell["source"] for cell in CELLS])


def test_markdown_is_cut_at_headings_and_code() -> None:
    text = "# One\n\ntext\n\n```python\na = 1\n\n# no heading\nb = 2\n```\n\nmore\n## Two\n```\nshown\n```\nend\n"
    assert sources(text) == [
        ("markdown", "# One\n\ntext"),
        ("code", "a = 1\n\n# no heading\nb = 2"),
        ("markdown", "more"),
        ("markdown", "## Two\n```\nshown\n```\nend"),
    ]


def test_ids_are_those_of_the_section_and_stay_when_another_changes() -> None:
    before = notebook("# One\n```python\n1\n```\n# Two!\n```python\n2\n```\n# One\nagain\n")
    after = notebook("# One\n```python\n1\n```\n```python\n3\n```\n# Two!\n```python\n2\n```\n# One\nagain\n")
    assert [cell["id"] for cell in before["cells"]] == ["one-1", "one-2", "two-1", "two-2", "one-3"]
    assert [cell["id"] for cell in after["cells"] if cell["id"].startswith("two")] == ["two-1", "two-2"]
    assert [cell["id"] for cell in notebook("text\n```python\n1\n```\n")["cells"]] == ["start-1", "start-2"]


def test_code_without_an_end_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no end"):
        notebook("# One\n```python\na = 1\n")


# The cell about the cluster is all that depends on where the notebook runs.


def cluster_cell(tmp_path: Path, kubectl: str | None, host: str | None) -> subprocess.CompletedProcess[str]:
    """Run it where this script stands for kubectl, and the environment is that of a pod or not."""
    folder = tmp_path / "bin"
    folder.mkdir()
    if kubectl is not None:
        (folder / "kubectl").write_text(f"#!/bin/sh\n{kubectl}\n")
        (folder / "kubectl").chmod(0o755)
    (code,) = ["".join(cell["source"]) for cell in CELLS if "kubectl" in str(cell["source"])]
    env = {"PATH": str(folder), **({"KUBERNETES_SERVICE_HOST": host} if host else {})}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("kubectl", "host", "said"),
    [
        ('echo "pod/ada of $1 $2"', "10.0.0.1", "pod/ada of get pods"),
        ("echo 'Error: pods is forbidden' >&2; exit 1", "10.0.0.1", "pods is forbidden"),
        ("echo called", None, "no cluster"),
        (None, "10.0.0.1", "no cluster"),
        (None, None, "no cluster"),
    ],
)
def test_the_cell_about_the_cluster_never_fails(
    tmp_path: Path, kubectl: str | None, host: str | None, said: str
) -> None:
    done = cluster_cell(tmp_path, kubectl, host)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout and "called" not in done.stdout
