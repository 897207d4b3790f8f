"""Checkpoints that survive being killed."""

import shutil

import keras
import tensorflow as tf


class ResumableCheckpoint(keras.callbacks.Callback):
    """Saves weights, optimizer and epoch after every epoch, so that a killed run can go on.

    Writes through `tf.train.CheckpointManager`, which never touches the last good checkpoint: killed at any moment, or
    on a full disk, the run can still be continued. Refuses to save weights that are not finite.

    Args:
        directory: folder of the checkpoints.

    Example:

    >>> import kmm, pathlib
    >>> checkpoint = kmm.training.ResumableCheckpoint(pathlib.Path("checkpoints"))
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> checkpoint.restore(model)  # nothing saved yet: start with epoch 0
    0
    """

    def __init__(self, directory):
        super().__init__()
        self.directory = directory
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._manager = None

    def restore(self, model):
        """Load the newest checkpoint that can be read into the model.

        Returns:
            The epoch to go on with; 0 where nothing was saved.

        Raises:
            ValueError: if there are checkpoints, but none fits the model.
        """
        manager = self._manage(model)
        for path in reversed(manager.checkpoints):
            try:
                manager.checkpoint.restore(path).assert_existing_objects_matched()
            except (tf.errors.OpError, ValueError, IndexError, AssertionError):  # IndexError: data cut short
                continue
            return int(self._epoch.numpy())
        if manager.checkpoints:
            raise ValueError(
                f"A checkpoint must fit the model. Received: {len(manager.checkpoints)} in {self.directory}, none of "
                "which can be read into it. Begin anew, with --overwrite."
            )
        return 0

    def on_train_begin(self, logs=None):
        """Begin to manage the folder."""
        self._manage(self.model)

    def on_epoch_end(self, epoch, logs=None):
        """Save, if the loss is a number."""
        if logs and not keras.ops.isfinite(logs["loss"]):
            raise FloatingPointError(
                f"The loss must be finite. Received: loss={logs['loss']} in epoch {epoch + 1}. Weights of the epoch "
                "before are kept; lower the learning rate, or compute in float32."
            )
        self._epoch.assign(epoch + 1)
        self._manager.save()

    def remove(self):
        """Delete the checkpoints of a run that has ended."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _manage(self, model):
        if self._manager is None:
            variables = list(model.variables)  # not the model: TensorFlow does not see layers held in lists and dicts
            if getattr(model, "optimizer", None):  # a model that was never compiled has none
                model.optimizer.build(model.trainable_variables)
                variables += model.optimizer.variables
            checkpoint = tf.train.Checkpoint(variables=[variable.value for variable in variables], epoch=self._epoch)
            self._manager = tf.train.CheckpointManager(checkpoint, str(self.directory), max_to_keep=2)
        return self._manager
