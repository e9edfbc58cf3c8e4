"""The starter notebook from top to bottom: in a kernel, against a real server, as somebody new to kfhub runs it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

import nbformat
import pytest
from nbclient import NotebookClient

from kflab.starter import NAME
from tests.kflab.server.conftest import Lab

pytestmark = pytest.mark.timeout(900)

WIDGET = "application/vnd.jupyter.widget-view+json"


class Tour:
    """The notebook after it was run, its cells by id."""

    def __init__(self, ran: nbformat.NotebookNode, lab: Lab) -> None:
        self.lab = lab
        self.text = nbformat.writes(ran)
        self.cells = [cell for cell in ran.cells if cell.cell_type == "code"]

    def cell(self, words: str) -> nbformat.NotebookNode:
        """The one cell whose code has these words."""
        (found,) = [cell for cell in self.cells if words in cell.source]
        return found

    def said(self, words: str) -> str:
        """What that cell printed or returned, as text."""
        outputs = self.cell(words).outputs
        return "".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)


def attend(client: NotebookClient) -> None:
    """Run cells as a page does, where a person looks on: panels are live only then."""
    assert client.kc is not None
    client.kc.allow_stdin = True


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """The notebook that a server put into a new workspace, run in a kernel that finds this server by its file."""
    lab = Lab(tmp_path_factory.mktemp("tour"))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KFLAB_", "JUPYTER", "KUBERNETES_"))}
    env = {
        **kept,
        "JUPYTER_RUNTIME_DIR": str(lab.runtime),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    try:
        lab.start()
        book = nbformat.read(lab.workspace / NAME, as_version=4)
        nbformat.validate(book)
        client = NotebookClient(
            book, timeout=300, allow_errors=True, resources={"metadata": {"path": str(lab.workspace)}}
        )
        client.on_notebook_start = lambda notebook: attend(client)
        yield Tour(client.execute(env=env), lab)
    finally:
        lab.close()


def test_every_cell_runs(tour: Tour) -> None:
    wrong = [
        f"{cell.id}: {output.ename}: {output.evalue}"
        for cell in tour.cells
        for output in cell.outputs
        if output.output_type == "error"
    ]
    assert not wrong
    assert [cell.execution_count for cell in tour.cells] == list(range(1, len(tour.cells) + 1))
    # Warnings would be what a new user wonders about first; progress bars are widgets here.
    assert not [o.text for cell in tour.cells for o in cell.outputs if o.get("name") == "stderr"]


def test_what_was_recorded_by_hand_is_read_again(tour: Tour) -> None:
    assert re.search(r"rule of thumb +\{'accuracy': 0\.[5-9]", tour.said("workspace.list(kflab.Metrics)"))
    found = tour.lab.get("metadata/artifacts", type="system.Dataset", q="tour-customers.csv")["items"]
    # The file is one artifact, whether it was recorded by hand or by a run.
    (data,) = found
    lineage = tour.lab.get(f"metadata/artifacts/{data['id']}/lineage", hops=2)
    names = {node["name"] for node in lineage["nodes"]}
    assert {"try the rule", "rule of thumb", "customers, forest"} <= names


def test_training_shows_its_metrics_and_those_of_the_test_part(tour: Tour) -> None:
    assert "'accuracy': 0." in tour.said("forest.metrics()")
    said = tour.said("forest.evaluate()")
    found = re.fullmatch(r"Test part: accuracy (0\.\d+)\. The rule of thumb: (0\.\d+), on all rows\.\n", said)
    assert found and float(found[1]) > 0.75 and float(found[2]) > 0.6
    assert "system.Model" in tour.said("forest.artifacts()")
    assert tour.lab.get("runs", kind="evaluate")["total"] == 2


def test_the_search_gains_and_says_how_much(tour: Tour) -> None:
    said = tour.said("search.summary()")
    found = re.search(r"Best of 12: accuracy (0\.\d+), (0\.\d+) above the baseline\.\n", said)
    assert found and float(found[2]) >= 0.05
    assert tour.said("search.trials()").count("done") == 13
    assert float(re.search(r"Test part: accuracy (0\.\d+)", tour.said("search.register()"))[1]) > 0.5


def test_the_best_is_registered_and_its_record_is_read(tour: Tour) -> None:
    record = tour.said("made = best.artifacts()")
    assert "'name': 'digits, search, best'" in record and "max_depth" in record
    models = tour.said("workspace.list(kflab.Model)")
    for name in ("digits, search, best", "digits, one question", "customers, forest", "rule of thumb"):
        assert name in models


@pytest.mark.parametrize("panel", ["Runs", "Run", "Metadata", "Train", "Tune"])
def test_the_panels_are_in_their_cells(tour: Tour, panel: str) -> None:
    (output,) = tour.cell(f"kflab.widgets.{panel}(").outputs
    assert output.output_type == "display_data" and WIDGET in output.data
    # What is seen where there is no kernel any more.
    assert output.data["text/html"].strip()


def test_a_network_is_trained_where_keras_is_installed(tour: Tour) -> None:
    assert re.search(r"Validation part: accuracy (0|1)\.\d+", tour.said('find_spec("keras")'))


def test_without_a_cluster_it_says_what_there_would_be(tour: Tour) -> None:
    assert tour.said('"kubectl", "get"').startswith("This notebook runs in no cluster.")


def test_nothing_of_it_holds_the_token_and_all_of_it_is_in_one_workspace(tour: Tour) -> None:
    assert tour.lab.token not in tour.text
    assert {run["spec"]["workspace"] for run in tour.lab.get("runs")["items"]} == {"tour"}
    assert sorted(path.name for path in tour.lab.workspace.iterdir()) == [
        ".kflab",
        NAME,
        "tour-customers.csv",
    ]
