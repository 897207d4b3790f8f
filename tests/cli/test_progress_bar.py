import io

from kmm.cli.progress_bar import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_draws_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    draw = progress_bar("reading")
    for done in range(1, 1001):
        draw(done, 1000)
    drawn = terminal.getvalue().split("\r")[1:]
    assert drawn[-1] == f"reading [{'=' * 30}] 1000 of 1000\n"
    assert 100 < len(drawn) < 300  # not for every example


def test_is_silent_elsewhere(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert progress_bar("reading") is None
