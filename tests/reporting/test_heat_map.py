import numpy as np

from kmm.reporting.heat_map import heat_map


def test_shares_of_the_rows(parse):
    matrix = np.array([[60, 39.5, 0.5], [0, 0, 0], [0, 30, 70]])
    names = ["sky", "<car>", "tree"]
    page = parse(heat_map(matrix, names, names))
    cells = [attributes for tag, attributes in page.tags if tag == "td"]
    assert len(cells) == 9 and page.text.split()[-9:] == ["sky", "60", "40", "0.5", "<car>", "tree", "·", "30", "70"]
    assert sum("dark" in cell["class"] for cell in cells) == 2
    assert "<car>" in page.text


def test_many_classes_are_drawn_smaller():
    names = [str(number) for number in range(12)]
    assert "dense" in heat_map(np.eye(12), names, names) and "dense" not in heat_map(np.eye(3), names[:3], names[:3])
