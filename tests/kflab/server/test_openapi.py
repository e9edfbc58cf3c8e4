"""The API keeps to its own document, whatever it is sent: made-up requests against the real server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks, openapi

from kflab.server.openapi import described, document

from .conftest import QUICK, WAITS, Lab, until

EXAMPLES = 20
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
# Here is no cluster, and 503 is what says so.
WITHOUT_CLUSTER = [check for check in CHECKS if check is not checks.not_a_server_error]
KINDS = ("artifacts", "executions", "contexts")
MODEL = {"ref": "m", "type": "system.Model", "name": "known", "set": {"depth": {"$int": "9007199254740993"}}}
SEARCH = {
    **QUICK,
    "kind": "tune",
    "model": {"family": "sklearn:DecisionTreeClassifier"},
    "tuning": {"budget": {"trials": 2}},
}
# Each of its trials waits until the file `stops.go` is there.
OWN = WAITS.replace("GO", "stops.go").replace("build()", "build(C=1.0)").replace("Waits()", "Waits(C=C)")
WAITING = {
    **SEARCH,
    "model": {"family": "stops.py:build"},
    "tuning": {
        "space": [{"name": "C", "type": "float", "low": 0.1, "high": 1.0}],
        "budget": {"trials": 1},
    },
}
HERE = [(method, path) for path, method, _ in described()]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), HERE)
def test_each_answer_is_as_documented(lab: Lab, method: str, path: str, mode: GenerationMode) -> None:
    schema = openapi.from_dict(document())
    operation = schema[f"/{path}"][method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        answer = case.call_and_validate(
            base_url=lab.api,
            headers={"Authorization": f"token {lab.token}"},
            checks=WITHOUT_CLUSTER if path.startswith("cluster/") else CHECKS,
        )
        assert answer.status_code in (*range(500), 503)

    answers()


def test_what_is_there_is_as_documented(lab: Lab) -> None:
    """Made-up requests seldom find anything; these do."""
    run = lab.run()
    lab.ended(run)
    until(lambda: lab.recorded(run, "artifacts"))
    model = next(a["id"] for a in lab.recorded(run, "artifacts") if a["type"] == "system.Model")
    step = lab.recorded(run)[0]
    key = "01BX5ZZKBKACTAV9WEVGEMMVS0"
    known: list[tuple[str, str, dict[str, Any]]] = [
        ("post", "metadata/batch", {"body": {"key": key, "artifacts": [MODEL]}}),
        *(("get", f"metadata/{kind}", {"query": {"limit": 500}}) for kind in KINDS),
        ("get", "metadata/artifacts/{id}", {"path_parameters": {"id": model}}),
        ("get", "metadata/executions/{id}", {"path_parameters": {"id": step["id"]}}),
        ("get", "metadata/contexts/{id}", {"path_parameters": {"id": step["contexts"][0]["id"]}}),
        ("get", "metadata/artifacts/{id}/lineage", {"path_parameters": {"id": model}, "query": {"hops": 20}}),
        ("get", "metadata/compare", {"query": {"ids": f"{model},{model}"}}),
        ("get", "runs", {"query": {"state": "done"}}),
        ("get", "runs/{id}", {"path_parameters": {"id": run}}),
        ("get", "runs/{id}/events", {"path_parameters": {"id": run}, "query": {"since": 1}}),
        ("get", "datasets", {}),
        ("get", "datasets/profile", {"query": {"uri": "sklearn:wine", "run": run}}),
        ("get", "models", {}),
        ("get", "methods", {}),
        ("get", "cluster", {}),
        ("get", "openapi.json", {}),
        ("post", "starter", {}),
        ("post", "runs/{id}/evaluate", {"path_parameters": {"id": run}}),
        ("post", "runs", {"body": QUICK}),
    ]
    one = {"id": [answered(lab, method, path, request) for method, path, request in known][-1]["id"]}
    answered(lab, "post", "runs/{id}/cancel", {"path_parameters": one})
    assert lab.ended(one["id"])["state"] == "cancelled"
    answered(lab, "delete", "runs/{id}", {"path_parameters": one})
    search = {"id": answered(lab, "post", "runs", {"body": SEARCH})["id"]}
    answered(lab, "post", "runs/{id}/cancel", {"path_parameters": search})
    assert lab.ended(search["id"])["state"] == "cancelled"
    answered(lab, "post", "runs/{id}/resume", {"path_parameters": search})
    assert lab.ended(search["id"])["state"] == "done"
    (lab.workspace / "stops.py").write_text(OWN)
    waiting = {"id": answered(lab, "post", "runs", {"body": WAITING})["id"], "number": 0}
    events = f"runs/{waiting['id']}/events"
    until(lambda: any(event["type"] == "trial" for event in lab.get(events)["items"]))
    answered(lab, "post", "runs/{id}/trials/{number}/stop", {"path_parameters": waiting})
    until(lambda: any(event.get("state") == "pruned" for event in lab.get(events)["items"]))
    (lab.workspace / "stops.go").touch()
    assert lab.ended(waiting["id"])["best"]["trial"] == 1
    best = answered(lab, "post", "runs/{id}/register", {"path_parameters": search})["id"]
    assert lab.ended(best)["state"] == "done"
    assert {(method, path) for method, path, _ in known} | {
        ("post", "runs/{id}/cancel"),
        ("post", "runs/{id}/resume"),
        ("post", "runs/{id}/trials/{number}/stop"),
        ("post", "runs/{id}/register"),
        ("delete", "runs/{id}"),
        # The rest of these needs a cluster, and is tried on one.
        *((method, path) for method, path in HERE if path.startswith("cluster/")),
    } == set(HERE)


def answered(lab: Lab, method: str, path: str, request: dict[str, Any]) -> Any:
    """The body of an answer that is a success and as documented."""
    operation = openapi.from_dict(document())[f"/{path}"][method]
    media = {"media_type": "application/json"} if "body" in request else {}
    answer = operation.Case(**request, **media).call_and_validate(
        base_url=lab.api, headers={"Authorization": f"token {lab.token}"}, checks=CHECKS
    )
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None
