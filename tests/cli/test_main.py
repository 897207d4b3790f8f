import subprocess
import sys
import time

import pytest
import tensorflow as tf

from kmm.cli import presets
from kmm.cli.main import main
from kmm.version import __version__


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    assert all(f"\n    {name} " in text for name in ("train", "evaluate", "predict", "export", "presets", "data"))


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"kmm {__version__}\n"


@pytest.mark.parametrize("argv", [[], ["trane"], ["train", "--epochs", "many"], ["predict"]], ids=str)
def test_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2 and "usage: kmm" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("a value"), "a value"),
        (ValueError(), "ValueError()"),
        (FileExistsError("a run"), "a run"),
        (ImportError('pip install "kmm[coco]"'), 'pip install "kmm[coco]"'),
        (FloatingPointError("The loss must be finite. Lower the rate."), "The loss must be finite. Lower the rate."),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), "[Errno 2] No such file or directory: 'x.csv'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_are_one_message(error, message, monkeypatch, capsys, fails):
    def run(args):
        raise error

    monkeypatch.setattr(presets, "run", run)
    assert fails("presets") == message
    assert main(["presets", "--debug"]) == 2
    text = capsys.readouterr().err
    assert "Traceback" in text and text.endswith(f"kmm: error: {message}\n")


STACKS = """Graph execution error:

Detected at node dense/MatMul defined at (most recent call last):
  File "train.py", line 1, in <module>
<stack traces unavailable>
OOM when allocating tensor with shape[9,9] and type float
\t [[{{node dense/MatMul}}]]
Hint: If you want to see a list of allocated tensors"""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            tf.errors.ResourceExhaustedError(None, None, STACKS),
            "OOM when allocating tensor with shape[9,9] and type float",
        ),
        (
            tf.errors.ResourceExhaustedError(None, None, "x.index; No space left on device"),
            "x.index; No space left on device",
        ),
    ],
    ids=["memory", "disk"],
)
def test_errors_of_tensorflow_say_what_happened(error, message, monkeypatch, fails):
    def run(args):
        raise error

    monkeypatch.setattr(presets, "run", run)
    first, *rest = fails("presets").splitlines()
    assert first == "TensorFlow cannot go on (ResourceExhaustedError; --debug shows more)." and rest == [message]


def test_a_command_may_return_its_exit_code(monkeypatch):
    monkeypatch.setattr(presets, "run", lambda args: 1)
    assert main(["presets"]) == 1
    monkeypatch.setattr(presets, "run", lambda args: None)
    assert main(["presets"]) == 0


def test_interrupted(monkeypatch, capsys):
    def run(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(presets, "run", run)
    assert main(["presets"]) == 130
    assert capsys.readouterr().err == "kmm: interrupted\n"


@pytest.mark.parametrize("error", [TypeError, KeyError])
def test_other_errors_are_bugs(error, monkeypatch):
    def run(args):
        raise error("a bug")

    monkeypatch.setattr(presets, "run", run)
    with pytest.raises(error, match="a bug"):
        main(["presets"])


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "export", "presets", "data", "data check"])
def test_help_of_a_command_imports_nothing_heavy(command):
    program = (
        f"import sys; sys.argv = ['kmm', *{command.split()}, '--help']\n"
        "from kmm.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    sys.exit(any(n in sys.modules for n in ('tensorflow', 'keras', 'numpy', 'PIL')))"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"usage: kmm {command}" in done.stdout
    assert time.perf_counter() - start < 5
