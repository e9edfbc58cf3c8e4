"""A real Kubernetes of one node on this machine, for the tests and for a look by hand.

    python -m tests.cluster.kube up       start it, or say that it runs; the last line is KUBECONFIG=…
    python -m tests.cluster.kube hub      the same, with kfhub in it from images and chart of this folder
    python -m tests.cluster.kube down     stop it and leave nothing behind

The parts are built from Go modules (binaries) and come from Debian (debian); all that runs, is mounted or is
set on the host is found again from one folder (places), so that `down` works after any end of `up`.
"""
