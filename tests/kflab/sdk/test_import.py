import json
import subprocess
import sys

HEAVY = {
    "pandas", "numpy", "tornado", "requests", "httpx", "pydantic", "ml_metadata", "keras", "sklearn", "sqlalchemy",
    "jupyter_server", "jupyter_core", "traitlets", "IPython", "tqdm", "asyncio",
}  # fmt: skip


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statement}; import json; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return {name.split(".")[0] for name in json.loads(out)}


def test_import_is_light() -> None:
    assert loaded_by("import kflab") & HEAVY == set()


def test_the_client_is_light_too() -> None:
    assert loaded_by("import kflab; kflab.Workspace; kflab.train") & HEAVY == set()
