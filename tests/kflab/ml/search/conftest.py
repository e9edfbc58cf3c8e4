"""Before a test imports Keras, the package has chosen its backend."""

import kflab.ml.search  # noqa: F401
