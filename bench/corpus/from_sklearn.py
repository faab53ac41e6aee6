"""scikit-learn's classifiers of 8 × 8 digits as skl2onnx writes them, beside what export.py wrote.

    python bench/corpus/from_sklearn.py OUT [--only substring]

The reference is scikit-learn's own function, its gradient by central differences in float64. Needs scikit-learn and skl2onnx.
"""

import json

import numpy as np
import onnx
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

from chosen import unmade

IMAGES, STEP = 4, 1e-5
CLASSIFIERS = {
    "mlp": lambda: MLPClassifier((32,), max_iter=30),
    "mlp_tanh": lambda: MLPClassifier((32,), activation="tanh", max_iter=30),
    "mlp_logistic": lambda: make_pipeline(StandardScaler(), MLPClassifier((32, 16), activation="logistic", max_iter=30)),
    "logistic": lambda: make_pipeline(MinMaxScaler(), PCA(20), LogisticRegression(max_iter=200)),
    "sgd": lambda: SGDClassifier(loss="log_loss"),
    "linear_svc": lambda: LinearSVC(),
    "ridge": lambda: RidgeClassifier(),
    "lda": lambda: LinearDiscriminantAnalysis(),
    "qda": lambda: make_pipeline(PCA(8), QuadraticDiscriminantAnalysis()),
    "gaussian": lambda: make_pipeline(PCA(12), GaussianNB()),
    "voting": lambda: VotingClassifier(
        [("network", MLPClassifier((16,), max_iter=20)), ("line", LogisticRegression(max_iter=100))], voting="soft", flatten_transform=False
    ),
}


def logits_of(model, rows):
    """Logits but for a constant: the logarithms of the probabilities, or the scores of which these are the softmax."""
    last = model[-1] if isinstance(model, Pipeline) else model
    # Their probabilities are 0 in float64 where their scores are far apart.
    if hasattr(model, "predict_proba") and not isinstance(last, (LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis)):
        return np.log(np.maximum(model.predict_proba(rows), 1e-30))
    return model.decision_function(rows)


def loss_of(model, row, label):
    logits = logits_of(model, row)
    most = logits.max(1, keepdims=True)
    return np.log(np.exp(logits - most).sum(1)) + most[:, 0] - logits[:, label]


def gradient_of(model, row, label):
    steps = np.eye(row.size) * STEP
    return (loss_of(model, row + steps, label) - loss_of(model, row - steps, label)) / (2 * STEP)


def work(make, folder):
    np.random.seed(0)
    digits = load_digits()
    model = make().fit(digits.data / 16, digits.target)
    random = np.random.default_rng(0)
    rows = np.float32(digits.data[random.choice(len(digits.data), IMAGES)] / 16).astype(np.float64)
    labels = [0, 3, 6, 9]
    logits = logits_of(model, rows)
    gradient = np.stack([gradient_of(model, row, label) for row, label in zip(rows, labels)])
    folder.mkdir(parents=True, exist_ok=True)
    none = [0.0] * IMAGES
    about = dict(
        images=[IMAGES, 1, 8, 8], logits=list(logits.shape), labels=labels, reads={}, relative=hasattr(model, "predict_proba"),
        weights={}, torch=dict(logits=none, gradient=none), spread=float(logits.std(0).max() / np.abs(logits).max()),
    )  # fmt: skip
    np.concatenate([part.ravel().astype("<f8") for part in (rows, logits, gradient)]).tofile(folder / "reference.bin")
    (folder / "reference.json").write_text(json.dumps(about, indent=1))
    takes = [("X", FloatTensorType([None, 64]))]
    # Probabilities are a map behind a ZipMap unless told otherwise; scores always are a tensor.
    forms = {"zipmap": None, "tensor": {id(model): {"zipmap": False}}} if about["relative"] else {"scores": None}
    for form, options in forms.items():
        onnx.save(to_onnx(model, initial_types=takes, target_opset=17, options=options), folder / f"skl2onnx-{form}.onnx")


if __name__ == "__main__":
    for maker, where in unmade("sklearn", CLASSIFIERS):
        work(maker, where)
