"""A Kubernetes manifest for TensorFlow Serving."""

import json
import string

from kmm.serving.deployment.server_configs import METRICS_PATH
from kmm.serving.deployment.server_flags import CONFIG_FOLDER, GRPC_PORT, REST_PORT, USER

TEMPLATE = string.Template("""\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: ${name}-models
  labels: {app: ${name}}
spec:
  accessModes: [${access}]${access_comment}
  resources:
    requests:
      storage: ${storage}Gi
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}-config
  labels: {app: ${name}}
data:
${files}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: ${name}}
  strategy: ${strategy}
  template:
    metadata:
      labels: {app: ${name}}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "${rest_port}"
        prometheus.io/path: ${metrics_path}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 75
      securityContext:
        runAsNonRoot: true
        runAsUser: ${user}
        runAsGroup: ${user}
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: tensorflow-serving
          image: ${image}
          command:
${command}
          env: ${environment}
          ports:
            - {name: grpc, containerPort: ${grpc_port}}
            - {name: rest, containerPort: ${rest_port}}
          resources:
            requests: {cpu: "${cores}", memory: ${memory}Gi}
            limits: {cpu: "${cores}", memory: ${memory}Gi}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          startupProbe:  # the ports open when a version is loaded
            httpGet: {path: /v1/models/${name}, port: rest}
            periodSeconds: 5
            failureThreshold: 60
          readinessProbe:
            httpGet: {path: /v1/models/${name}, port: rest}
            periodSeconds: 5
          livenessProbe:
            tcpSocket: {port: grpc}
            periodSeconds: 20
          lifecycle:
            preStop:  # the server stops at once; so no request reaches it any more, and the last ones are answered
              exec: {command: [sleep, "60"]}
          volumeMounts:
            - {name: models, mountPath: /models/${name}, readOnly: true}
            - {name: config, mountPath: ${config_folder}, readOnly: true}
            - {name: temporary, mountPath: /tmp}
      volumes:
        - name: models
          persistentVolumeClaim: {claimName: ${name}-models}
        - name: config
          configMap: {name: ${name}-config}
        - name: temporary
          emptyDir: {}
---
apiVersion: v1
kind: Service
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  selector: {app: ${name}}
  ports:
    - {name: grpc, port: ${grpc_port}, targetPort: grpc}
    - {name: rest, port: ${rest_port}, targetPort: rest}
""")

UPLOAD_TEMPLATE = string.Template("""\
apiVersion: v1
kind: Pod
metadata:
  name: ${name}-upload
spec:
  affinity:
    podAffinity:  # a volume with ReadWriteOnce can be reached from one computer alone
      requiredDuringSchedulingIgnoredDuringExecution:
        - labelSelector: {matchLabels: {app: ${name}}}
          topologyKey: kubernetes.io/hostname
  automountServiceAccountToken: false
  containers:
    - name: upload
      image: ${image}
      command: [sleep, "3600"]
      volumeMounts:
        - {name: models, mountPath: /models}
  volumes:
    - name: models
      persistentVolumeClaim: {claimName: ${name}-models}
""")


def kubernetes_manifest(name, image, cores, memory_gib, storage_gib, replicas, flags, environment, files):
    """`kubernetes.yaml`: volume claim, configuration, deployment and service.

    The versions lie in the volume claim `NAME-models`, where they are copied to. A changed configuration reaches
    running servers without a restart.

    Several servers need a storage class that offers `ReadWriteMany`. One is content with `ReadWriteOnce`, which all
    offer; its volume cannot follow to another computer, so a server ends before one with other flags starts.

    Args:
        name: name of the model, the deployment and the service.
        image: the container's image.
        cores: how many cores each server gets.
        memory_gib: how much memory each server gets, GiB.
        storage_gib: size of the volume claim, GiB.
        replicas: how many servers.
        flags: the container's command, as `server_flags` gives it.
        environment: dict of its environment variables.
        files: dict from the names of the configuration files to their text.

    Returns:
        text of several YAML documents.

    Example:

    >>> text = kubernetes_manifest("kmm", "tensorflow/serving", 2, 1, 1, 1, ["--port=8500"], {}, {"x": "y"})
    >>> text.count("kind: ")
    4
    """
    rolling = "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"
    return TEMPLATE.substitute(
        {
            "access": "ReadWriteOnce" if replicas == 1 else "ReadWriteMany",
            "access_comment": "" if replicas == 1 else "  # not every storage class offers it: set storageClassName",
            "command": "\n".join(f"            - {json.dumps(flag)}" for flag in flags),
            "config_folder": CONFIG_FOLDER,
            "cores": cores,
            "environment": json.dumps([{"name": key, "value": value} for key, value in environment.items()]),
            "files": "\n".join(f"  {file}: |\n{_indented(text)}" for file, text in files.items()),
            "grpc_port": GRPC_PORT,
            "image": json.dumps(image),
            "memory": memory_gib,
            "metrics_path": METRICS_PATH,
            "name": name,
            "replicas": replicas,
            "rest_port": REST_PORT,
            "storage": storage_gib,
            "strategy": "{type: Recreate}" if replicas == 1 else rolling,
            "user": USER,
        }
    )


def upload_manifest(name, image):
    """`kubernetes_upload.yaml`: a pod that idles for an hour, with which versions are copied into the volume claim.

    Args:
        name: name of the model.
        image: an image with `sleep` and `tar`, such as that of the server.

    Returns:
        text.

    Example:

    >>> "claimName: kmm-models" in upload_manifest("kmm", "tensorflow/serving")
    True
    """
    return UPLOAD_TEMPLATE.substitute(name=name, image=json.dumps(image))


def _indented(text):
    return "\n".join(f"    {line}" for line in text.splitlines())
