"""Kubeflow's PodDefaults as configurations."""

from __future__ import annotations

from typing import Any

from kfspawner import Owner, Policy
from kfspawner.manifests import pod_parts
from kfspawner.patches import lay_over
from kfspawner.poddefaults import choices, with_choices

TOKEN: dict[str, Any] = {
    "metadata": {"name": "access-ml-pipeline", "namespace": "user-ada"},
    "spec": {
        "desc": "Allow access to pipelines",
        "selector": {"matchLabels": {"access-ml-pipeline": "true"}},
        "labels": {"team": "ml"},
        "annotations": {"note": "made by an admin"},
        "env": [{"name": "KF_PIPELINES_SA_TOKEN_PATH", "value": "/var/run/kfp/token"}],
        "envFrom": [{"secretRef": {"name": "kfp"}}],
        "volumes": [{"name": "kfp", "projected": {"sources": []}}],
        "volumeMounts": [{"name": "kfp", "mountPath": "/var/run/kfp", "readOnly": True}],
        "tolerations": [{"key": "ml", "operator": "Exists"}],
        "sidecars": [{"name": "proxy", "image": "acme.io/proxy:1"}],
        "serviceAccountName": "admin",
        "command": ["sleep"],
    },
}
NOTEBOOK = {
    "metadata": {"labels": {"app": "jupyterhub"}},
    "spec": {
        "serviceAccountName": "default-editor",
        "containers": [
            {"name": "notebook", "args": ["jupyterhub-singleuser"], "env": [{"name": "A", "value": "1"}]}
        ],
    },
}


def test_a_pod_default_becomes_a_choice_with_its_description() -> None:
    found = choices({"access-ml-pipeline": TOKEN})
    assert list(found) == ["access-ml-pipeline"]
    assert found["access-ml-pipeline"].title == "Allow access to pipelines"


def test_one_that_matches_by_expressions_can_not_be_chosen() -> None:
    item = {"spec": {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}}
    assert choices({"odd": item, "bare": {}, "none": {"spec": {"selector": {}}}}) == {}


def test_the_policy_goes_before_a_pod_default_of_the_same_name(policy: Policy) -> None:
    mine = next(iter(policy.rules.configuration_choices))
    extended = with_choices(policy.rules, choices({mine: TOKEN, "other": TOKEN}))
    assert extended.configuration_choices[mine] == policy.rules.configuration_choices[mine]
    assert "other" in extended.configuration_choices


def test_what_is_chosen_is_laid_over_the_pod(policy: Policy) -> None:
    extended = Policy(with_choices(policy.rules, choices({"access-ml-pipeline": TOKEN})))
    owner = Owner("ada")
    spec = extended.resolve({"configurations": ["access-ml-pipeline"]}, owner)
    (patch,) = pod_parts(spec, extended.rules, owner).patches
    pod = lay_over(NOTEBOOK, patch)
    # its labels, so that Kubeflow's webhook knows it too
    assert pod["metadata"]["labels"] == {"app": "jupyterhub", "team": "ml", "access-ml-pipeline": "true"}
    assert pod["metadata"]["annotations"] == {"note": "made by an admin"}
    notebook, sidecar = pod["spec"]["containers"]
    assert sidecar["name"] == "proxy"
    assert [variable["name"] for variable in notebook["env"]] == ["A", "KF_PIPELINES_SA_TOKEN_PATH"]
    assert notebook["envFrom"] == TOKEN["spec"]["envFrom"]
    assert notebook["volumeMounts"] == TOKEN["spec"]["volumeMounts"]
    assert pod["spec"]["volumes"] == TOKEN["spec"]["volumes"]
    assert pod["spec"]["tolerations"] == TOKEN["spec"]["tolerations"]


def test_a_notebook_keeps_its_account_and_command(policy: Policy) -> None:
    patch = choices({"access-ml-pipeline": TOKEN})["access-ml-pipeline"].content
    pod = lay_over(NOTEBOOK, patch)
    assert pod["spec"]["serviceAccountName"] == "default-editor"
    assert pod["spec"]["containers"][0]["args"] == ["jupyterhub-singleuser"]
    assert "command" not in pod["spec"]["containers"][0]
