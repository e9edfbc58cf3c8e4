"""The command `kfhub`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
policy_app = typer.Typer(no_args_is_help=True, help="Policy files: what users may choose.")
app.add_typer(policy_app, name="policy")


@app.callback()
def main() -> None:
    """Kubeflow's notebooks for JupyterHub."""


@app.command()
def start() -> None:
    """Start a hub on this machine, until Ctrl-C. Reads KFHUB_PORT, KFHUB_DATA, KFHUB_POLICY, KFHUB_PASSWORD and
    KFHUB_ADMIN_PASSWORD."""
    from .settings import StartError
    from .start import start as run

    try:
        status = run(lambda line: print(line, flush=True))
    except StartError as error:
        typer.echo(f"kfhub: {error}", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(status)


@policy_app.command("check")
def policy_check(file: Annotated[Path, typer.Argument(help="A spawner_ui_config.yaml.")]) -> None:
    """Print what users may choose, or what is wrong with the file (exit status 1)."""
    from .errors import PolicyError
    from .policy import Policy
    from .policy_summary import summary

    try:
        policy = Policy.load(file)
    except PolicyError as error:
        typer.echo(f"{file} can't be used:", err=True)
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(summary(policy.rules))


@policy_app.command("admission")
def policy_admission(
    file: Annotated[Path, typer.Argument(help="A spawner_ui_config.yaml.")],
    namespace: Annotated[str, typer.Option(help="The hub's namespace.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Write it to the cluster instead.")] = False,
) -> None:
    """Print the ConfigMap that holds kubectl to the policy's images and tolerations, or apply it."""
    import yaml

    from .admission import parameters
    from .errors import PolicyError
    from .policy import Policy

    try:
        manifest = parameters(Policy.load(file).rules, namespace)
    except PolicyError as error:
        typer.echo(f"{file} can't be used:", err=True)
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if not apply:
        typer.echo(yaml.safe_dump(manifest, sort_keys=False), nl=False)
        return
    from .kube_apply import ApplyError, apply_config_map

    try:
        where = apply_config_map(manifest, namespace)
    except ApplyError as error:
        typer.echo(f"kfhub: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"ConfigMap {manifest['metadata']['name']} in namespace {where} follows {file}.")
