import pytest

from kmm.serving.deployment.kubernetes_manifest import kubernetes_manifest, upload_manifest

yaml = pytest.importorskip("yaml")
FILES = {"models.config": 'model {\n  name: "x"\n}\n', "monitoring.config": "a { b: 1 }\n"}


def make_objects(replicas):
    text = kubernetes_manifest(
        name="streets",
        image="tensorflow/serving@sha256:12",
        cores=4,
        memory_gib=3,
        storage_gib=5,
        replicas=replicas,
        flags=["server", "--port=8500"],
        environment={"MODE": "BF16"},
        files=FILES,
    )
    assert "$" not in text
    return {content["kind"]: content for content in yaml.safe_load_all(text)}


@pytest.fixture
def objects():
    return make_objects(replicas=2)


def test_objects_belong_together(objects):
    assert list(objects) == ["PersistentVolumeClaim", "ConfigMap", "Deployment", "Service"]
    assert all(content["metadata"]["labels"] == {"app": "streets"} for content in objects.values())
    spec = objects["Deployment"]["spec"]
    labels = {"app": "streets"}
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == labels
    assert objects["Service"]["spec"]["selector"] == labels
    volumes = {volume["name"]: volume for volume in spec["template"]["spec"]["volumes"]}
    claim, config = objects["PersistentVolumeClaim"], objects["ConfigMap"]
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"] == "streets-models"
    assert volumes["config"]["configMap"]["name"] == config["metadata"]["name"] == "streets-config"
    assert config["data"] == FILES and claim["spec"]["resources"]["requests"]["storage"] == "5Gi"


def test_the_server(objects):
    spec = objects["Deployment"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["replicas"] == 2 and container["image"] == "tensorflow/serving@sha256:12"
    assert container["command"] == ["server", "--port=8500"]
    assert container["env"] == [{"name": "MODE", "value": "BF16"}]
    resources = container["resources"]
    assert resources["requests"] == resources["limits"] == {"cpu": "4", "memory": "3Gi"}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {port["name"]: (port["port"], port["targetPort"]) for port in objects["Service"]["spec"]["ports"]} == {
        "grpc": (8500, "grpc"),
        "rest": (8501, "rest"),
    }


def test_the_server_has_no_rights(objects):
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] == 65534
    assert pod["automountServiceAccountToken"] is False
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True and rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert mounts["/models/streets"]["readOnly"] is True and mounts["/config"]["readOnly"] is True
    assert list(mounts) == ["/models/streets", "/config", "/tmp"]


def test_requests_reach_only_servers_with_a_model(objects):
    deployment = objects["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/v1/models/streets", "port": "rest"}
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    seconds = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert seconds < pod["terminationGracePeriodSeconds"]
    annotations = deployment["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == "8501" and all(isinstance(v, str) for v in annotations.values())


@pytest.mark.parametrize(
    ("replicas", "access", "strategy"),
    [
        (1, "ReadWriteOnce", {"type": "Recreate"}),
        (2, "ReadWriteMany", {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}),
    ],
)
def test_the_volume_is_one_that_a_cluster_can_give(replicas, access, strategy):
    objects = make_objects(replicas)
    assert objects["PersistentVolumeClaim"]["spec"]["accessModes"] == [access]
    assert objects["Deployment"]["spec"]["strategy"] == strategy


def test_upload():
    content = yaml.safe_load(upload_manifest("streets", "tensorflow/serving"))
    assert content["kind"] == "Pod" and content["metadata"]["name"] == "streets-upload"
    assert content["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "streets-models"
    assert "readOnly" not in content["spec"]["containers"][0]["volumeMounts"][0]
    (term,) = content["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"] == {"matchLabels": {"app": "streets"}}, "on the computer that has the volume"
