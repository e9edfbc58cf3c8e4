from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from kfspawner.cli import app

DEFAULT = Path(__file__).parents[2] / "hub_config" / "spawner_ui_config.yaml"


def test_check_prints_what_users_may_choose() -> None:
    result = CliRunner().invoke(app, ["policy", "check", str(DEFAULT)])
    assert result.exit_code == 0
    for part in (
        "kfhub/notebook-sklearn",
        "(default)",
        "CPU: 1; at most 8",
        "Memory: 2Gi; at most 16Gi",
        "nvidia.com/gpu",
    ):
        assert part in result.stdout


def test_check_says_what_the_admin_has_fixed_and_which_images_match(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        "spawnerFormDefaults:\n  image: {value: a}\n  allowCustomImage: true\n  customImagePatterns: ['acme/.*']\n"
        "  cpu: {value: 1, readOnly: true}\n"
    )
    result = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert "CPU: 1; no maximum; no limit (set by the admin)" in result.stdout
    assert "any image that matches acme/.*" in result.stdout


def test_check_prints_the_errors_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("spawnerFormDefaults:\n  image: {value: a}\n  memroy: {value: 1Gi}\n")
    result = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "line 3" in result.stderr and "memory" in result.stderr
    assert "Traceback" not in result.output


def test_check_of_no_file_fails_with_a_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["policy", "check", str(tmp_path / "none.yaml")])
    assert result.exit_code == 1
    assert "can't be read" in result.stderr
