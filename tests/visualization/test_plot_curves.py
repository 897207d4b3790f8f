import keras
import numpy as np
import pytest
from PIL import Image

from kmm.visualization import plot_curves

HISTORY = {
    "loss": [2.0, 1.0, 0.5],
    "val_loss": [2.1, 1.2, float("nan")],
    "overall_iou": [0.1, 0.2, 0.3],
    "val_overall_iou": [0.2, 0.3, 0.4],
    "learning_rate": [0.1, 0.1, 0.1],
}


def pixels(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_a_csv_file_is_drawn_like_its_history(tmp_path):
    logger = keras.callbacks.CSVLogger(str(tmp_path / "history.csv"))
    logger.set_model(keras.Sequential())
    logger.on_train_begin()
    for epoch in range(3):
        logger.on_epoch_end(epoch, {name: values[epoch] for name, values in HISTORY.items()})
    logger.on_train_end()
    plot_curves({name: HISTORY[name] for name in sorted(HISTORY)}, tmp_path / "dict.png")
    plot_curves(tmp_path / "history.csv", tmp_path / "csv.png")
    np.testing.assert_array_equal(pixels(tmp_path / "dict.png"), pixels(tmp_path / "csv.png"))


def test_curves_change_the_picture(tmp_path):
    plot_curves(HISTORY, tmp_path / "one.png")
    plot_curves({**HISTORY, "val_overall_iou": [0.9, 0.9, 0.9]}, tmp_path / "other.png")
    assert (pixels(tmp_path / "one.png") != pixels(tmp_path / "other.png")).any()


def test_what_is_no_metric_is_left_out(tmp_path):
    plot_curves(HISTORY, tmp_path / "one.png")
    plot_curves({**HISTORY, "seconds": [7.0, 7.0, 7.0], "lr": [0.1] * 3}, tmp_path / "other.png")
    np.testing.assert_array_equal(pixels(tmp_path / "one.png"), pixels(tmp_path / "other.png"))


def test_one_epoch_and_losses_alone(tmp_path):
    plot_curves({"loss": [1.0]}, tmp_path / "curves.png")
    assert pixels(tmp_path / "curves.png").shape[0] > 100


def test_gaps_in_a_file(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss,val_loss\n0,2.0,\n1,1.0,1.5\n")
    plot_curves(tmp_path / "history.csv", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").exists()


def test_errors(tmp_path):
    for history in ({}, {"loss": []}, {"overall_iou": [0.5]}):
        with pytest.raises(ValueError, match="must hold a loss and at least one epoch. Received: columns .* a dict"):
            plot_curves(history, tmp_path / "curves.png")
    (tmp_path / "history.csv").write_text("epoch,loss\n")
    with pytest.raises(ValueError, match=r"columns \[\] in .*history.csv"):
        plot_curves(tmp_path / "history.csv", tmp_path / "curves.png")
    with pytest.raises(FileNotFoundError, match="nowhere.csv"):
        plot_curves(tmp_path / "nowhere.csv", tmp_path / "curves.png")
