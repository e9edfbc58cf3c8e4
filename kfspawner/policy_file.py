"""The shape of `spawner_ui_config.yaml`: Kubeflow Notebooks' format, with our keys on top.

Only what the file may say is here; what it means is in `policy`. Unknown keys are errors.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["FormDefaults", "NewClaim", "PolicyFile", "VolumeValue"]

AccessMode = Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]


def _no_switch(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("should be a number or a text")
    return value


# YAML reads 0.5 as a number and "0.5" as a text
Number = Annotated[str | int | float, BeforeValidator(_no_switch)]


class Section(BaseModel):
    """A mapping of the file. Texts are texts: YAML's numbers and booleans are never turned into them."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class ReadOnly(Section):
    readOnly: bool = False


def _named(key: str) -> BeforeValidator:
    """Lets a list hold plain texts beside mappings: `a` is read as `{key: a}`."""
    return BeforeValidator(lambda item: {key: item} if isinstance(item, str) else item)


class ImageOption(Section):
    image: str
    displayName: str = ""
    description: str = ""
    deprecated: bool | str = False


class Images(ReadOnly):
    displayName: str = ""
    value: str = ""
    options: list[Annotated[ImageOption, _named("image")]] = []


class PullPolicy(ReadOnly):
    value: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"


class Amount(ReadOnly):
    value: Number | None = None
    max: Number | None = None
    limitFactor: Number = "none"


class GpuVendor(Section):
    limitsKey: str
    uiName: str = ""


class GpuValue(Section):
    vendor: str = ""
    vendors: list[GpuVendor] = []
    num: Number = "none"


class Gpus(ReadOnly):
    value: GpuValue = GpuValue()
    max: Annotated[int, Field(ge=0, le=1024, strict=True)] | None = None


class ClaimName(Section):
    name: str


class Requests(Section):
    storage: Number


class Resources(Section):
    requests: Requests


class ClaimSpec(Section):
    resources: Resources
    accessModes: Annotated[list[AccessMode], Field(min_length=1, max_length=1)]
    storageClassName: str | None = None


class NewClaim(Section):
    metadata: ClaimName
    spec: ClaimSpec


class ClaimSource(Section):
    claimName: str


class ExistingSource(Section):
    persistentVolumeClaim: ClaimSource


class VolumeValue(Section):
    mount: str = ""
    newPvc: NewClaim | None = None
    existingSource: ExistingSource | None = None


class WorkspaceVolume(ReadOnly):
    value: VolumeValue | None = None


class DataVolumes(ReadOnly):
    value: list[VolumeValue] = []


class AffinityOption(Section):
    configKey: str
    displayName: str = ""
    affinity: dict[str, Any] = {}


class AffinityConfig(ReadOnly):
    value: str = ""
    options: list[AffinityOption] = []


class TolerationOption(Section):
    groupKey: str
    displayName: str = ""
    tolerations: list[dict[str, Any]] = []


class TolerationGroup(ReadOnly):
    value: str = ""
    options: list[TolerationOption] = []


class Switch(ReadOnly):
    value: bool = False


class Configuration(Section):
    name: str
    displayName: str = ""
    description: str = ""
    patch: dict[str, Any] = {}


class Configurations(ReadOnly):
    value: list[str] = []
    options: list[Configuration] = []


class Environment(ReadOnly):
    value: dict[str, str] = {}


class Team(Section):
    group: str
    displayName: str = ""


class Teams(Section):
    options: list[Annotated[Team, _named("group")]]


def _options(value: Any) -> Any:
    return {"options": value} if isinstance(value, list) else value


class FormDefaults(Section):
    allowCustomImage: bool = False
    customImagePatterns: list[str] = []
    trustedImages: list[str] = []
    hideRegistry: bool = False
    hideTag: bool = False
    imagePullPolicy: PullPolicy = PullPolicy()
    image: Images
    imageGroupOne: Images = Images()
    imageGroupTwo: Images = Images()
    cpu: Amount = Amount()
    memory: Amount = Amount()
    gpus: Gpus = Gpus()
    workspaceVolume: WorkspaceVolume = WorkspaceVolume()
    dataVolumes: DataVolumes = DataVolumes()
    affinityConfig: AffinityConfig = AffinityConfig()
    tolerationGroup: TolerationGroup = TolerationGroup()
    shm: Switch = Switch()
    configurations: Configurations = Configurations()
    environment: Environment = Environment()
    teams: Annotated[Teams | None, BeforeValidator(_options)] = None
    mountPrefixes: Annotated[list[str], Field(min_length=1)] = ["/home/jovyan", "/data", "/mnt", "/srv"]


class PolicyFile(Section):
    spawnerFormDefaults: FormDefaults
