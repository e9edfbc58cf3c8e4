"""CPU and memory of a notebook on one machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kfspawner import Owner, Policy, limits

LoadPolicy = Callable[..., Policy]


@pytest.mark.parametrize(
    ("asked", "factor", "cores"),
    [("0.5", "1.2", 1), ("1", "none", 1), ("1", "1.5", 2), ("2500m", "none", 3), ("2", "2", 4)],
)
def test_cores_are_the_limit_rounded_up(load: LoadPolicy, asked: str, factor: str, cores: int) -> None:
    policy = load(cpu={"value": "0.5", "max": "8", "limitFactor": factor})
    assert limits.cores(policy.resolve({"cpu": asked}, Owner("ada"))) == cores


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_affinity_takes_turns_among_the_cores_there_are(
    load: LoadPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2, 4, 6})
    policy = load(cpu={"value": "1", "max": "16", "limitFactor": "1"})
    small, large = (policy.resolve({"cpu": cpu}, Owner("ada")) for cpu in ("1", "9"))
    assert sorted(limits.affinity(small)[0] for _ in range(4)) == [0, 2, 4, 6]
    assert limits.affinity(large) == [0, 2, 4, 6]


def test_thread_pools_get_no_more_threads_than_cores(load: LoadPolicy) -> None:
    policy = load(cpu={"value": "1", "max": "64", "limitFactor": "1"})
    variables = limits.thread_variables(policy.resolve({"cpu": "1"}, Owner("ada")))
    assert variables["OMP_NUM_THREADS"] == variables["OPENBLAS_NUM_THREADS"] == "1"
    most = limits.thread_variables(policy.resolve({"cpu": "64"}, Owner("ada")))
    assert most["OMP_NUM_THREADS"] == str(min(64, os.cpu_count() or 1))


def test_scope_has_the_limits_of_the_request(load: LoadPolicy) -> None:
    spec = load(memory={"value": "1Gi", "max": "8Gi", "limitFactor": "1"}).resolve(
        {"cpu": "2", "memory": "3Gi"}, Owner("ada")
    )
    scope = limits.scope(spec.cpu_limit, spec.memory_limit)
    assert scope[:3] == ["systemd-run", "--user", "--scope"] and scope[-1] == "--"
    assert {"CPUQuota=240%", f"MemoryMax={3 * 2**30}", "MemorySwapMax=0"} <= set(scope)
    assert limits.scope(None, None) == []


def test_scopes_are_tried_and_not_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "systemd-run"
    monkeypatch.setenv("PATH", str(tmp_path))
    for script, works in ((None, False), ("exit 1", False), ("exit 0", True)):
        if script:
            tool.write_text(f"#!/bin/sh\n{script}\n")
            tool.chmod(0o700)
        limits.scopes_work.cache_clear()
        assert limits.scopes_work() is works
    limits.scopes_work.cache_clear()
