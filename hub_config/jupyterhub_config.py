"""JupyterHub's configuration for a hub on one machine. Yours to edit; restart the hub after a change.

What users may choose stands in spawner_ui_config.yaml. Page templates are in templates/.
"""

from kfspawner.hub import configure

c = get_config()  # noqa: F821 - JupyterHub gives it

configure(c)  # loopback addresses, accounts, proxy, spawner and pages, from the variables KFHUB_*

# Your own settings go below and win over those above, for example:
# c.JupyterHub.active_server_limit = 10
# c.JupyterHub.load_groups = {"vision": {"users": ["ada", "grace"]}}
