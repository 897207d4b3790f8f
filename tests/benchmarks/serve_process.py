"""`kmm serve` in a process of its own, for the scripts beside this file."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from kmm.serving import Client

READY = re.compile(r"serving '(?P<name>.+)' versions? .*at (?P<rest>http://\S+) and (?P<grpc>grpc://\S+)")


class ServeProcess:
    """Starts the server, waits until it is ready, and ends it with the `with` block.

    `rest` and `grpc` are its addresses, `name` is the model's name.
    """

    def __init__(self, model, *flags, seconds=180):
        self.log_path = pathlib.Path(tempfile.mkstemp(prefix="kmm_serve_", suffix=".log")[1])
        script = pathlib.Path(sys.executable).parent / "kmm"
        command = [str(script)] if script.exists() else [shutil.which("kmm") or sys.exit("install kmm first")]
        command += ["serve", "--model", str(model), "--rest-port", "0", "--grpc-port", "0", *map(str, flags)]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        end = time.monotonic() + seconds
        while (ready := READY.search(self.log())) is None:
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise SystemExit(f"the server did not start: {' '.join(command)}\n{self.log()}")
            time.sleep(0.05)
        self.name, self.rest, self.grpc = ready["name"], ready["rest"].rstrip("/"), ready["grpc"]
        with Client(self.rest, self.name) as client:
            client.wait_until_ready(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    def log(self):
        """All that the server has printed."""
        return self.log_path.read_text(errors="replace")

    def memory(self):
        """Resident memory of the process in MiB; 0 once it has ended."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0.0
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def count_files(self):
        """How many files and connections the process holds open; 0 once it has ended."""
        try:
            return len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir()))
        except OSError:
            return 0

    def stop(self, seconds=60):
        """Tells the server to finish and returns its exit status; `None` if it had to be killed."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            return None
