import http.server
import shutil
import subprocess
import threading

import pytest

from kmm.serving.deployment.docker_compose import HEALTH_CHECK, docker_compose
from kmm.serving.deployment.server_flags import REST_PORT

yaml = pytest.importorskip("yaml")


def compose(directory, output, **other):
    arguments = {"name": "streets", "image": "tensorflow/serving:2.21.0", "cores": 3, "memory_gib": 2}
    arguments |= {"flags": ["server", "--port=8500"], "environment": {"MODE": "BF16"}} | other
    content = yaml.safe_load(docker_compose(directory, output, **arguments))
    assert content["name"] == "streets" and list(content) == ["name", "services"]
    return content["services"]["streets"]


def test_the_server_has_no_rights_and_serves_this_computer_alone(tmp_path):
    service = compose(tmp_path / "saved_model", tmp_path / "serving")
    assert service["image"] == "tensorflow/serving:2.21.0" and service["entrypoint"] == ["server", "--port=8500"]
    assert service["ports"] == ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]
    assert service["user"] == "65534:65534" and service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["cpus"] == 3 and service["mem_limit"] == "2g" and service["environment"] == {"MODE": "BF16"}
    assert all(volume["read_only"] is True and volume["type"] == "bind" for volume in service["volumes"])
    assert compose("a", "b", environment={})["environment"] == {}


def test_folders_are_relative_to_the_file(tmp_path):
    def sources(directory, output):
        models, config = compose(tmp_path / directory, tmp_path / output)["volumes"]
        assert (models["target"], config["target"], config["source"]) == ("/models/streets", "/config", ".")
        return models["source"]

    assert sources("run/saved_model", "run/serving") == "../saved_model"
    assert sources("serving/saved_model", "serving") == "./saved_model"
    assert sources('my "run" $HOME: #1', "serving") == '../my "run" $$HOME: #1'


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("state", "healthy"), [("AVAILABLE", True), ("LOADING", False), ("UNAVAILABLE", False)])
def test_health_check(state, healthy):
    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f'{{"path": "{self.path}", "state": "{state}"}}'.encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body if self.path == "/v1/models/streets" else b"")

        def log_message(self, *words):
            pass

    test = compose("a", "b")["healthcheck"]["test"]
    assert test == ["CMD", "bash", "-c", HEALTH_CHECK.replace("NAME", "streets")]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = test[-1].replace(f"/{REST_PORT} ", f"/{server.server_port} ")
        assert command != test[-1]
        done = subprocess.run(["bash", "-c", command], timeout=10)
        server.shutdown()
    assert (done.returncode == 0) is healthy
