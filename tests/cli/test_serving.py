import pytest

from kmm.cli.main import main


def test_help_names_the_subcommands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["serving", "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0 and all(f"\n    {name} " in text for name in ("config", "load"))


@pytest.mark.parametrize("argv", [["serving"], ["serving", "start"], ["serving", "config"]], ids=str)
def test_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2 and "usage: kmm serving" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--debug", "config", "x"], ["config", "x", "--debug"]], ids=str)
def test_debug(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["serving", *argv]) == 2
    assert "Traceback" in capsys.readouterr().err
    assert main(["serving", "config", "x"]) == 2
    assert "Traceback" not in capsys.readouterr().err
