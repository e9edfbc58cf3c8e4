"""JupyterHub's configuration in a cluster. All of it follows from the values of the chart."""

from kfspawner.kube_hub import configure

c = get_config()  # noqa: F821 - JupyterHub gives it

for _name, _code in configure(c).items():  # hub.extraConfig comes last, and wins
    exec(compile(_code, f"hub.extraConfig.{_name}", "exec"))  # noqa: S102 - the admin's own code
