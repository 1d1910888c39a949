"""Compose and Kubernetes: everything that is named exists, and nothing has more rights than it needs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.deploy.files import COMPOSE, DEPLOY, ROOT, Tree, manifests, one

FILES: Tree = one(COMPOSE)
SERVICES: dict[str, Tree] = FILES["services"]
WORKLOADS = manifests("Deployment", "StatefulSet")
KUSTOMIZATION = one(DEPLOY / "kustomization.yaml")


def named(entries: list[Any]) -> set[str]:
    """Of configs or secrets: short form and long form."""
    return {entry if isinstance(entry, str) else entry["source"] for entry in entries}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_compose(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"footfall|\S+:v?\d[\w.-]*", service["image"]), "a version is named, and it is not latest"
    for kind in "configs", "secrets":
        assert named(service.get(kind, [])) <= FILES[kind].keys()
    kept = {volume.partition(":")[0] for volume in service.get("volumes", ())}
    assert kept <= FILES["volumes"].keys()
    assert set(service.get("depends_on", ())) <= SERVICES.keys()
    for variable in service.get("environment", {}):
        assert not re.search("PASSWORD|SECRET|KEY|TOKEN", variable) or variable.endswith("__FILE"), "secrets are files"


def test_compose_as_a_whole() -> None:
    used = {kind: {n for service in SERVICES.values() for n in named(service.get(kind, []))} for kind in ("configs", "secrets")}
    assert used == {kind: set(FILES[kind]) for kind in used}
    kept = [volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    assert sorted(kept) == sorted(FILES["volumes"]), "each volume is one service's"
    for config in FILES["configs"].values():
        assert (DEPLOY / config["file"]).is_file()
    for name, secret in FILES["secrets"].items():
        assert secret["file"] == f"secrets/{name}"
        assert f'"{name}":' in (DEPLOY / "make-secrets").read_text()
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    opened = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert opened.keys() == {"proxy", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in opened["grafana"])


def test_the_proxy_and_prometheus_know_the_services() -> None:
    caddy = (DEPLOY / "proxy" / "Caddyfile").read_text()
    [upstreams] = re.findall(r"reverse_proxy (.*) \{", caddy)
    collectors = [name for name, service in SERVICES.items() if service.get("command") == ["serve"]]
    assert upstreams.split() == [f"{name}:8787" for name in collectors]
    jobs = one(DEPLOY / "monitoring" / "prometheus.yaml")["scrape_configs"]
    targets = {target.rpartition(":")[0] for job in jobs for config in job["static_configs"] for target in config["targets"]}
    clickhouse = {name for name in SERVICES if name.startswith("clickhouse-")}
    assert targets == {*collectors, "sink", "nats-metrics", *clickhouse}


def pod(workload: Tree) -> Tree:
    found: Tree = workload["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda found: str(found["metadata"]["name"]))
def test_a_pod(workload: Tree) -> None:
    spec = pod(workload)
    assert spec["enableServiceLinks"] is False, "else FOOTFALL_PORT and the like come from Kubernetes"
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = spec["containers"]
    rights = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert container["securityContext"] == rights
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
    for probe in (container[name] for name in container if name.endswith("Probe")):
        assert next(iter(probe.get("httpGet", probe.get("tcpSocket")).values())) in ports or probe["httpGet"]["port"] in ports
    own = {volume["name"] for volume in spec["volumes"]} | {
        v["metadata"]["name"] for v in workload["spec"].get("volumeClaimTemplates", ())
    }
    assert {mount["name"] for mount in container["volumeMounts"]} == own
    assert container["image"] == "footfall" or re.fullmatch(r"\S+:\d[\w.-]*", container["image"])
    assert workload["spec"]["selector"]["matchLabels"].items() <= workload["spec"]["template"]["metadata"]["labels"].items()


def test_kubernetes_as_a_whole() -> None:
    labels = [found["spec"]["template"]["metadata"]["labels"] for found in WORKLOADS]
    ports = {
        (c["image"], p["containerPort"]) for found in WORKLOADS for c in pod(found)["containers"] for p in c.get("ports", ())
    }
    services = {found["metadata"]["name"]: found["spec"] for found in manifests("Service")}
    budgets = [found["spec"]["selector"]["matchLabels"] for found in manifests("PodDisruptionBudget")]
    policies = [found["spec"]["podSelector"]["matchLabels"] for found in manifests("NetworkPolicy")]
    for selector in [*(service["selector"] for service in services.values()), *budgets, *policies]:
        assert any(selector.items() <= found.items() for found in labels), selector
    for found in manifests("NetworkPolicy"):
        for rule in found["spec"]["ingress"]:
            assert all(port["port"] in {number for _, number in ports} for port in rule["ports"])
            for peer in rule.get("from", ()):
                assert any(peer["podSelector"]["matchLabels"].items() <= one.items() for one in labels)
    assert {found["spec"]["serviceName"] for found in manifests("StatefulSet")} <= services.keys()
    budgeted = {found["spec"]["selector"]["matchLabels"]["app"] for found in manifests("PodDisruptionBudget")}
    assert budgeted == {found["spec"]["template"]["metadata"]["labels"]["app"] for found in WORKLOADS}
    [ingress] = manifests("Ingress")
    [path] = ingress["spec"]["rules"][0]["http"]["paths"]
    backend = path["backend"]["service"]
    assert backend["port"]["name"] in {port["name"] for port in services[backend["name"]]["ports"]}


def test_kustomization() -> None:
    assert {*KUSTOMIZATION["resources"]} == {f"kubernetes/{path.name}" for path in (DEPLOY / "kubernetes").iterdir()}
    made = {kind: {g["name"]: g["files"] for g in KUSTOMIZATION[f"{kind}Generator"]} for kind in ("configMap", "secret")}
    volumes = [volume for found in WORKLOADS for volume in pod(found)["volumes"]]
    assert {volume["configMap"]["name"] for volume in volumes if "configMap" in volume} == made["configMap"].keys()
    assert {volume["secret"]["secretName"] for volume in volumes if "secret" in volume} == made["secret"].keys()
    for files in made["configMap"].values():
        assert all((DEPLOY / file.rpartition("=")[2]).is_file() for file in files)
    for files in made["secret"].values():
        assert all(file.rpartition("=")[2].removeprefix("secrets/") in FILES["secrets"] for file in files)
    keys = {file.partition("=")[0].rpartition("/")[2] for kind in made.values() for files in kind.values() for file in files}
    mounts = [mount for found in WORKLOADS for container in pod(found)["containers"] for mount in container["volumeMounts"]]
    assert {mount["subPath"] for mount in mounts if "subPath" in mount} <= keys


def test_the_image() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+", base) for base in bases)
    stage = lines[[number for number, line in enumerate(lines) if line.startswith("FROM ")][-1] :]
    [user] = [line.split()[1] for line in stage if line.startswith("USER ")]
    assert user == "8787", "a number, so that Kubernetes sees that it is not root"
    assert not any(line.startswith(("ADD ", "ARG ")) for line in lines)
    kept = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept), "nothing is sent to the build but this"
    assert {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src", "web"} == set(kept)
