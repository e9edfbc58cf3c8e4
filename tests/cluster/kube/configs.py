"""The text of each configuration file and the command line of each part, from the folders alone."""

from __future__ import annotations

import json
from pathlib import Path

from . import busybox
from .places import (
    API_PORT,
    BRIDGE,
    CGROUP,
    ETCD_PORT,
    HOST_IP,
    NETWORK,
    NODE,
    POD_CIDR,
    SERVICE_CIDR,
    Places,
)

SERVER = f"https://{HOST_IP}:{API_PORT}"
SANDBOX_IMAGE = busybox.NAME


def containerd(places: Places) -> str:
    return f"""version = 2
root = "{places.store}"
state = "{places.state}/containerd"
[grpc]
  address = "{places.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{places.state}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{SANDBOX_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{places.state}/cni"
"""


def cni(places: Places) -> str:
    ranges = [[{"subnet": POD_CIDR, "rangeStart": "10.77.1.1", "gateway": HOST_IP}]]
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": f"{places.state}/addresses",
            "ranges": ranges,
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": NETWORK, "plugins": [bridge, portmap]}, indent=1)


def kubelet(places: Places) -> str:
    """In JSON, which is YAML too."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": HOST_IP,
            "readOnlyPort": 0,
            "healthzBindAddress": HOST_IP,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{places.state}/certs/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUP}",
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "failCgroupV1": False,
            "featureGates": {"KubeletInUserNamespace": True},
            "localStorageCapacityIsolation": False,
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "imagefs.available": "1%",
            },
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "containerRuntimeEndpoint": f"unix://{places.socket}",
            "clusterDNS": [HOST_IP],
            "clusterDomain": "cluster.local",
            "podLogsDir": f"{places.state}/pod-logs",
            "volumePluginDir": f"{places.state}/volume-plugins",
            "serializeImagePulls": False,
            "maxPods": 250,
            "registryPullQPS": 0,
            "eventRecordQPS": 0,
            "shutdownGracePeriod": "0s",
        },
        indent=1,
    )


AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  verbs: [get, list, watch]
- level: None
  resources: [{group: coordination.k8s.io}, {group: "", resources: [events]}, {group: events.k8s.io}]
- level: Metadata
"""

STORAGE_CLASS = """apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: kubernetes.io/host-path
reclaimPolicy: Delete
allowVolumeExpansion: true
"""


def corefile(places: Places, upstream: bool) -> str:
    forward = "  forward . /etc/resolv.conf\n" if upstream else ""
    return f""".:53 {{
  bind {HOST_IP}
  errors
  ready {HOST_IP}:8181
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {places.kubeconfig}
    pods insecure
  }}
{forward}  cache 5
}}
"""


def has_nameserver(resolv_conf: str) -> bool:
    return any(line.split()[:1] == ["nameserver"] for line in resolv_conf.splitlines())


def commands(places: Places, masquerade_all: bool) -> dict[str, list[str | Path]]:
    """What each part is started with, by name."""
    s, bin_ = places.state, places.bin
    certs = s / "certs"
    return {
        "etcd": [
            "etcd",
            f"--data-dir={s}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{ETCD_PORT}",
            f"--advertise-client-urls=http://127.0.0.1:{ETCD_PORT}",
            f"--listen-peer-urls=http://127.0.0.1:{ETCD_PORT + 1}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{ETCD_PORT + 1}",
            f"--initial-cluster=default=http://127.0.0.1:{ETCD_PORT + 1}",
        ],
        "containerd": ["containerd", "--config", s / "containerd.toml"],
        "kube-apiserver": [
            bin_ / "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{ETCD_PORT}",
            f"--bind-address={HOST_IP}",
            f"--advertise-address={HOST_IP}",
            f"--secure-port={API_PORT}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            "--feature-gates=ImageVolume=true",  # else the API server forgets such volumes before any policy sees them
            f"--client-ca-file={certs}/ca.crt",
            f"--tls-cert-file={certs}/apiserver.crt",
            f"--tls-private-key-file={certs}/apiserver.key",
            f"--cert-dir={certs}",
            f"--kubelet-client-certificate={certs}/admin.crt",
            f"--kubelet-client-key={certs}/admin.key",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={certs}/accounts.crt",
            f"--service-account-signing-key-file={certs}/accounts.key",
            f"--audit-policy-file={s}/audit.yaml",
            f"--audit-log-path={places.audit}",
            "--shutdown-delay-duration=0s",
        ],
        "kube-controller-manager": [
            bin_ / "kube-controller-manager",
            f"--kubeconfig={s}/controller-manager.kubeconfig",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--use-service-account-credentials",
            f"--root-ca-file={certs}/ca.crt",
            f"--service-account-private-key-file={certs}/accounts.key",
            f"--cluster-signing-cert-file={certs}/ca.crt",
            f"--cluster-signing-key-file={certs}/ca.key",
            "--enable-hostpath-provisioner",
        ],
        "kube-scheduler": [
            bin_ / "kube-scheduler",
            f"--kubeconfig={s}/scheduler.kubeconfig",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ],
        "kubelet": [
            bin_ / "kubelet",
            f"--kubeconfig={s}/kubelet.kubeconfig",
            f"--config={s}/kubelet.json",
            f"--root-dir={s}/kubelet",
            f"--cert-dir={s}/kubelet-certs",
            f"--node-ip={HOST_IP}",
            f"--hostname-override={NODE}",
        ],
        "kube-proxy": [
            bin_ / "kube-proxy",
            f"--kubeconfig={s}/proxy.kubeconfig",
            "--proxy-mode=iptables",
            f"--hostname-override={NODE}",
            f"--cluster-cidr={POD_CIDR}",
            # A node port is for this machine, not for its neighbours.
            "--nodeport-addresses=127.0.0.0/8,10.77.0.0/16",
            f"--masquerade-all={str(masquerade_all).lower()}",
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=0s",
        ],
        "coredns": [bin_ / "coredns", "-conf", s / "Corefile"],
    }


# Those whose end the API server's own end would only hinder come first.
STOP_ORDER = (
    ("kubelet", "kube-proxy", "coredns", "kube-scheduler", "kube-controller-manager"),
    ("containerd",),
    ("kube-apiserver",),
    ("etcd",),
)
