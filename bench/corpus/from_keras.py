"""Classifiers of Keras as tf2onnx writes them, channels last, beside what export.py wrote.

    python bench/corpus/from_keras.py OUT [--only substring]

The reference is of TensorFlow in float64, its images channels first as holdfast takes them. Needs tensorflow and tf2onnx.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf
import tf2onnx

IMAGES, CLASSES = 4, 10
# Family: side of the images.
FAMILIES = {
    "MobileNet": 64, "MobileNetV2": 64, "MobileNetV3Small": 64, "ResNet50": 64, "ResNet50V2": 64, "DenseNet121": 64,
    "EfficientNetB0": 64, "EfficientNetV2B0": 64, "Xception": 96, "InceptionV3": 96, "InceptionResNetV2": 96,
    "NASNetMobile": 64, "ConvNeXtTiny": 64, "VGG16": 32,
}


def built(family, size, weights=None):
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, family)(
        weights=None, input_shape=(size, size, 3), classes=CLASSES, classifier_activation=None
    )
    if weights is not None:
        model.set_weights(weights)
    return model


def images(count, size, random):
    coarse = random.random((count, 5, 5, 3)).repeat(size // 5 + 1, 1).repeat(size // 5 + 1, 2)[:, :size, :size]
    return (0.7 * coarse + 0.3 * random.random((count, size, size, 3))).astype(np.float32)


def enliven(model, size, random):
    for layer in model.layers:
        for weight in layer.weights:
            value = np.asarray(weight)
            if weight.trainable and value.ndim == 1 and np.ptp(value) == 0 and value.size > 1:
                small = abs(value[0]) < 0.1
                weight.assign(random.uniform(0.2, 0.8, value.shape) if small else value * random.uniform(0.7, 1.3, value.shape))
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    for _ in range(2):
        model(images(8, size, random), training=True)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            variance = np.asarray(layer.moving_variance)
            layer.moving_variance.assign(np.maximum(variance, 0.3 * variance.mean()) * random.uniform(0.8, 1.5, variance.shape))
    head = [layer for layer in model.layers if hasattr(layer, "kernel")][-1]
    spread = float(np.asarray(model(images(4, size, random))).std(0).mean())
    head.kernel.assign(head.kernel / spread)


def differentiated(model, pixels, labels):
    x = tf.constant(pixels)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=False)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    return logits.numpy(), tape.gradient(loss, x).numpy()


def compute_in(dtype):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


def errors(found, true):
    return [float(np.abs(f - t).max() / np.abs(true).max()) for f, t in zip(found.astype("f8"), true)]


def work(family, size, folder):
    random = np.random.default_rng(0)
    model = built(family, size)
    enliven(model, size, random)
    pixels, labels = images(IMAGES, size, random), [0, 3, 6, 9]
    logits32, gradient32 = differentiated(model, pixels, labels)
    compute_in("float64")
    logits, gradient = differentiated(built(family, size, model.get_weights()), pixels.astype("f8"), labels)
    compute_in("float32")
    folder.mkdir(parents=True, exist_ok=True)
    about = dict(
        images=[IMAGES, 3, size, size], logits=list(logits.shape), labels=labels, reads=dict(layout="NHWC"), weights={},
        torch=dict(logits=errors(logits32, logits), gradient=errors(gradient32, gradient)),
        spread=float(logits.std(0).max() / np.abs(logits).max()),
    )
    first = [pixels.transpose(0, 3, 1, 2), logits, gradient.transpose(0, 3, 1, 2)]
    np.concatenate([part.ravel().astype("<f8") for part in first]).tofile(folder / "reference.bin")
    (folder / "reference.json").write_text(json.dumps(about, indent=1))
    signature = [tf.TensorSpec((None, size, size, 3), tf.float32, name="input")]
    forward = tf.function(lambda x: model(x, training=False), input_signature=signature)
    for opset in (13, 17):
        try:
            tf2onnx.convert.from_function(forward, signature, opset=opset, output_path=str(folder / f"tf2onnx-{opset}.onnx"))
        except Exception as failure:
            (folder / f"tf2onnx-{opset}.failed").write_text(f"{type(failure).__name__}: {failure}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for family, size in FAMILIES.items():
        folder = arguments.out / f"keras.{family}"
        if arguments.only in folder.name and not (folder / "tf2onnx-17.onnx").exists():
            work(family, size, folder)
            print(folder.name, flush=True)


if __name__ == "__main__":
    main()
