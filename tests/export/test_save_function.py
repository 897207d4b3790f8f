import numpy as np
import tensorflow as tf

from kmm.export import SavedModelSession
from kmm.export.save_function import save_function


def test_runs_in_a_session_with_each_weight_once(tmp_path):
    weight = tf.Variable(tf.ones((200, 200)))
    specs = [{"x": tf.TensorSpec((None, 200), name="x")}]
    save_function(tf.function(lambda inputs: {"y": inputs["x"] @ weight}, input_signature=specs), str(tmp_path))
    with SavedModelSession(tmp_path) as session:
        np.testing.assert_allclose(session.run({"x": np.ones((2, 200), "float32")})["y"], np.full((2, 200), 200.0))
    stored = sum(path.stat().st_size for path in (tmp_path / "variables").iterdir())
    assert 160_000 <= stored < 200_000
