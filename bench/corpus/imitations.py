"""Files in the manner of tools that are not run for it: their nodes one by one, with the weights of a small network.

    python bench/corpus/imitations.py OUT [--only substring]

OUT/imitations.<tool>/written.onnx, and the reference of the network in float64, as export.py writes it.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

import export
from chosen import unmade
from habits.parts import Habit
from lively import CLASSES, enliven, images
from zoo import Read


class Network(nn.Module):
    """Two convolutions with stride 2, a norm, two activations, an average, a last layer; tools differ in all of them."""

    def __init__(self, first=F.relu, second=F.relu, channels=3, group=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, 2, 1)
        self.norm = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, 2, 1, groups=group)
        self.last = nn.Linear(32, CLASSES)
        self.first, self.second = first, second

    def features(self, images):
        return self.second(self.conv2(self.first(self.norm(self.conv1(images)))))

    def forward(self, images):
        return self.last(self.features(images).mean((2, 3)))


class File:
    """A graph that is written node by node."""

    def __init__(self, net):
        self.nodes, self.weights = [], {}
        self.state = {name: value.detach().numpy() for name, value in net.state_dict().items()}

    def op(self, kind, *inputs, out=1, domain="", **attributes):
        names = [f"{kind.lower()}_{len(self.nodes)}_{i}" for i in range(out)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, name=f"{kind}{len(self.nodes)}", **attributes))
        return names[0] if out == 1 else names

    def weight(self, name, value=None):
        """An initializer: an array, or the network's own weight of that name."""
        self.weights[name] = np.asarray(self.state[name] if value is None else value)
        return name

    def constant(self, value, dtype="float32"):
        return self.op("Constant", value=numpy_helper.from_array(np.asarray(value, dtype)))

    def norm(self, x, **attributes):
        names = [self.weight(f"norm.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        return self.op("BatchNormalization", x, *names, epsilon=1e-5, **attributes)

    def conv(self, x, layer, bias=True, **attributes):
        same = dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], dilations=[1, 1], group=1)
        names = [self.weight(f"{layer}.weight"), *([self.weight(f"{layer}.bias")] if bias else [])]
        return self.op("Conv", x, *names, **{**same, **attributes})

    def save(self, path, takes, outputs, opset, ir_version=8, with_inputs=False, domains=(), **about):
        """`takes` and `outputs`: names with shapes, or whole descriptions. `with_inputs`: weights are listed as inputs too."""
        given = [helper.make_tensor_value_info(*takes[:1], TensorProto.FLOAT, takes[1])]
        found = [o if not isinstance(o, tuple) else helper.make_tensor_value_info(o[0], TensorProto.FLOAT, o[1]) for o in outputs]
        tensors = [numpy_helper.from_array(value, name) for name, value in self.weights.items()]
        if with_inputs:
            given += [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in tensors]
        graph = helper.make_graph(self.nodes, "graph", given, found, tensors)
        versions = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, version) for name, version in domains)]
        onnx.save(helper.make_model(graph, opset_imports=versions, ir_version=ir_version, **about), path)


def paddle(net, path):
    """paddle2onnx: hard swish written out, biases of convolutions added, the batch of a flatten computed."""
    f = File(net)
    x = f.norm(f.conv("x", "conv1"), momentum=0.9)
    bounded = f.op("Clip", f.op("Add", x, f.constant(3.0)), f.constant(0.0), f.constant(6.0))
    x = f.op("Div", f.op("Mul", x, bounded), f.constant(6.0))
    bias = f.op("Reshape", f.weight("conv2.bias"), f.constant([1, 32, 1, 1], "int64"))
    x = f.op("Relu", f.op("Add", f.conv(x, "conv2", bias=False), bias))
    x = f.op("GlobalAveragePool", x)
    batch = f.op("Slice", f.op("Shape", x), f.constant([0], "int64"), f.constant([1], "int64"), f.constant([0], "int64"))
    x = f.op("Reshape", x, f.op("Concat", batch, f.constant([-1], "int64"), axis=0))
    x = f.op("Add", f.op("MatMul", x, f.weight("linear_0.w_0", f.state["last.weight"].T)), f.weight("last.bias"))
    x = f.op("Identity", f.op("Softmax", x, axis=-1))
    f.save(path, ("x", ["DynamicDimension.0", 3, 32, 32]), [(x, ["DynamicDimension.0", CLASSES])], 11)


def gluon(net, path):
    """MXNet: all weights among the inputs, a scale inside, PReLU, attributes of opset 7."""
    f = File(net)
    x = f.op("Mul", f.op("Sub", "data", f.weight("_minusscalar0", np.float32([127.5]))), f.weight("_mulscalar0", np.float32([0.0078125])))
    x = f.norm(f.conv(x, "conv1"), momentum=0.9, spatial=1)
    x = f.op("PRelu", x, f.weight("relu0_gamma", np.full((16, 1, 1), 0.25, "float32")))
    x = f.op("LeakyRelu", f.conv(x, "conv2"), alpha=0.1)
    x = f.op("Dropout", f.op("Flatten", f.op("GlobalAveragePool", x)), ratio=0.4)
    x = f.op("Gemm", x, f.weight("last.weight"), f.weight("last.bias"), alpha=1.0, beta=1.0, transA=0, transB=1)
    f.save(path, ("data", [1, 3, 32, 32]), [(x, [1, CLASSES])], 8, ir_version=3, with_inputs=True)


def caffe2(net, path):
    """Caffe2: groups shuffled by reshapes with kept shapes, a window as wide as the map, a sum, a softmax."""
    f = File(net)
    x = f.op("Relu", f.norm(f.conv("gpu_0/data_0", "conv1")))
    for name, shape in {"split": [1, 2, 8, 16, 16], "joined": [1, 16, 16, 16]}.items():
        x = f.op("Reshape", x, f.weight(f"gpu_0/{name}", np.int64(shape)))
        x = f.op("Transpose", x, perm=[0, 2, 1, 3, 4]) if name == "split" else x
    x = f.conv(x, "conv2", group=2)
    x = f.op("AveragePool", f.op("Relu", f.op("Sum", x, x)), kernel_shape=[8, 8], strides=[1, 1])
    x = f.op("Reshape", x, f.weight("OC2_DUMMY_1", np.int64([1, 32])))
    x = f.op("Softmax", f.op("Gemm", x, f.weight("last.weight"), f.weight("last.bias"), transB=1))
    f.save(path, ("gpu_0/data_0", [1, 3, 32, 32]), [(x, [1, CLASSES])], 9, ir_version=3, with_inputs=True, producer_name="onnx-caffe2")


def early(opset):
    """Collections of models of opsets 1 to 6: consumed inputs, broadcasts along an axis, a shape as an attribute."""

    def write(net, path):
        f = File(net)

        def consumed(*flags):
            return dict(consumed_inputs=list(flags)) if opset < 6 else {}

        x = f.norm(f.conv("data_0", "conv1"), is_test=1, **consumed(0, 0, 0, 1, 1))
        x = f.op("PRelu", x, f.weight("slope", np.full(16, 0.25, "float32")), **consumed(0))
        gain = f.weight("gain", np.full(32, 0.5, "float32"))
        x = f.op("Relu", f.op("Mul", f.conv(x, "conv2"), gain, broadcast=1, axis=1, **consumed(0)), **consumed(0))
        x = f.op("Dropout", f.op("AveragePool", x, kernel_shape=[8, 8]), is_test=1, ratio=0.5)
        x = f.op("Reshape", x, shape=[-1, 32]) if opset < 5 else f.op("Reshape", x, f.weight("shape", np.int64([-1, 32])))
        x = f.op("Softmax", f.op("Gemm", x, f.weight("last.weight"), f.weight("last.bias"), transB=1, broadcast=1), axis=1)
        f.save(path, ("data_0", [1, 3, 32, 32]), [(x, [1, CLASSES])], opset, ir_version=3, with_inputs=True)

    return write


def cntk(net, path):
    """CNTK: pixels scaled inside, auto_pad, biases of [C, 1, 1], a weight that a node reshapes."""
    f = File(net)
    x = f.op("Div", f.op("Sub", "Input3", f.constant(127.5)), f.constant(255.0))
    for layer in ("conv1", "conv2"):
        x = f.op("Conv", x, f.weight(f"{layer}.weight"), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER", dilations=[1, 1], group=1)
        x = f.op("Add", x, f.weight(f"Plus_{layer}", f.state[f"{layer}.bias"].reshape(-1, 1, 1)))
        x = f.op("Relu", f.norm(x, spatial=1) if layer == "conv1" else x)
    x = f.op("AveragePool", x, kernel_shape=[8, 8], strides=[8, 8], pads=[0, 0, 0, 0], auto_pad="NOTSET")
    weight = f.op("Reshape", f.weight("Parameter193", f.state["last.weight"].T.reshape(32, 1, 1, CLASSES)), f.constant([32, CLASSES], "int64"))
    x = f.op("MatMul", f.op("Reshape", x, f.constant([1, 32], "int64")), weight)
    x = f.op("Add", x, f.weight("Parameter194", f.state["last.bias"].reshape(1, -1)))
    f.save(path, ("Input3", [1, 1, 32, 32]), [(x, [1, CLASSES])], 8, ir_version=3, with_inputs=True, producer_name="CNTK")


def matlab(net, path):
    """MATLAB: a mean image is subtracted, the last layer is a convolution, an open batch by name."""
    f = File(net)
    mean = np.full((1, 3, 32, 32), 117.0, "float32")
    x = f.op("Sub", "imageinput", f.weight("imageinput_Mean", mean))
    x = f.op("Clip", f.norm(f.conv(x, "conv1")), f.weight("min", np.float32(0)), f.weight("max", np.float32(6)))
    x = f.op("LRN", f.conv(x, "conv2"), size=5, alpha=1e-4, beta=0.75, bias=1.0)
    x = f.op("GlobalAveragePool", x)
    x = f.op("Conv", x, f.weight("fc_W", f.state["last.weight"].reshape(CLASSES, 32, 1, 1)), f.weight("last.bias"))
    x = f.op("Softmax", f.op("Flatten", x), axis=-1)
    f.save(path, ("imageinput", ["BatchSize", 3, 32, 32]), [(x, ["BatchSize", CLASSES])], 13, ir_version=7)


def mlnet(net, path):
    """ML.NET: a linear classifier of a vector, its softmax written out, the label beside the scores."""
    f = File(net)
    classifier = dict(
        coefficients=f.state["last.weight"].ravel().tolist(), intercepts=f.state["last.bias"].tolist(),
        classlabels_ints=list(range(CLASSES)), multi_class=1, post_transform="NONE",
    )  # fmt: skip
    label, scores = f.op("LinearClassifier", "PixelValues", out=2, domain="ai.onnx.ml", **classifier)
    exp = f.op("Exp", f.op("Sub", scores, f.op("ReduceMax", scores, axes=[1], keepdims=1)))
    scores = f.op("Identity", f.op("Div", exp, f.op("ReduceSum", exp, axes=[1], keepdims=1)))
    names = dict(keys_int64s=list(range(CLASSES)), values_strings=[f"item {i}" for i in range(CLASSES)], default_string="")
    text = f.op("LabelEncoder", label, domain="ai.onnx.ml", **names)
    outputs = [helper.make_tensor_value_info(text, TensorProto.STRING, [None]), (scores, [None, CLASSES])]
    f.save(path, ("PixelValues", [None, 784]), outputs, 12, domains=[("ai.onnx.ml", 2)], producer_name="ML.NET")


def custom_vision(net, path):
    """Azure Custom Vision by way of Core ML: BGR, an image scaler, the class as text and a map of probabilities."""
    f = File(net)
    x = f.op("ImageScaler", "data", bias=[-104.0, -117.0, -123.0], scale=1.0)
    x = f.op("LeakyRelu", f.norm(f.conv(x, "conv1"), spatial=1), alpha=0.1)
    x = f.op("LeakyRelu", f.conv(x, "conv2"), alpha=0.1)
    x = f.op("Flatten", f.op("GlobalAveragePool", x))
    x = f.op("Softmax", f.op("Gemm", x, f.weight("last.weight"), f.weight("last.bias"), transB=1, broadcast=1))
    place = f.op("ArgMax", x, axis=1, keepdims=0)
    label = f.op("ArrayFeatureExtractor", f.weight("classes", np.array([f"tag {i}" for i in range(CLASSES)], object)), place, domain="ai.onnx.ml")
    loss = f.op("ZipMap", x, domain="ai.onnx.ml", classlabels_strings=[f"tag {i}" for i in range(CLASSES)])
    value = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    mapped = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.STRING, value))
    outputs = [helper.make_tensor_value_info(label, TensorProto.STRING, [1, 1]), helper.make_value_info(loss, mapped)]
    f.save(path, ("data", ["None", 3, 32, 32]), outputs, 8, ir_version=3, domains=[("ai.onnx.ml", 1)])


def jax(net, path):
    """jax2onnx: channels last throughout, transposes around every convolution and of every weight, GELU by tanh written out."""
    f = File(net)
    x = "input"
    for layer in ("conv1", "conv2"):
        kernel = f.op("Transpose", f.weight(f"{layer}.kernel", f.state[f"{layer}.weight"].transpose(2, 3, 1, 0)), perm=[3, 2, 0, 1])
        x = f.op("Conv", f.op("Transpose", x, perm=[0, 3, 1, 2]), kernel, strides=[2, 2], pads=[1, 1, 1, 1])
        x = f.op("Add", f.op("Transpose", x, perm=[0, 2, 3, 1]), f.weight(f"{layer}.bias"))
        if layer == "conv1":
            deviation = f.op("Sqrt", f.op("Add", f.weight("norm.running_var"), f.constant(1e-5)))
            x = f.op("Div", f.op("Sub", x, f.weight("norm.running_mean")), deviation)
            x = f.op("Add", f.op("Mul", x, f.weight("norm.weight")), f.weight("norm.bias"))
        cube = f.op("Mul", f.op("Pow", x, f.constant(3.0)), f.constant(0.044715))
        inner = f.op("Tanh", f.op("Mul", f.op("Add", x, cube), f.constant(np.sqrt(2 / np.pi))))
        x = f.op("Mul", x, f.op("Mul", f.op("Add", inner, f.constant(1.0)), f.constant(0.5)))
    x = f.op("Div", f.op("ReduceSum", x, f.constant([1, 2], "int64"), keepdims=0), f.constant(64.0))
    x = f.op("Einsum", x, f.weight("last.kernel", f.state["last.weight"].T), equation="ab,bc->ac")
    x = f.op("Add", x, f.op("Expand", f.op("Reshape", f.weight("last.bias"), f.constant([1, CLASSES], "int64")), f.op("Shape", x)))
    f.save(path, ("input", ["B", 32, 32, 3]), [(x, ["B", CLASSES])], 21, ir_version=10)


def tensorflow1(net, path):
    """EfficientNet-Lite of the ONNX zoo: images channels last, transposes at both ends, ReLU6, a squeeze, a softmax."""
    f = File(net)
    x = f.op("Transpose", "images:0", perm=[0, 3, 1, 2])
    # TensorFlow pads where the stride does not reach: a row and a column before, by a Pad of its own.
    x = f.op("Pad", x, f.constant([0, 0, 1, 1, 0, 0, 1, 1], "int64"), f.constant(0.0))
    x = f.op("Clip", f.norm(f.conv(x, "conv1", pads=[0, 0, 0, 0])), f.constant(0.0), f.constant(6.0))
    x = f.op("Clip", f.conv(x, "conv2"), f.constant(0.0), f.constant(6.0))
    x = f.op("Transpose", f.op("AveragePool", x, kernel_shape=[8, 8]), perm=[0, 2, 3, 1])
    x = f.op("MatMul", f.op("Squeeze", x, axes=[1, 2]), f.weight("last.kernel", f.state["last.weight"].T))
    x = f.op("Softmax", f.op("Add", x, f.weight("last.bias")), axis=1)
    f.save(path, ("images:0", ["unk__618", 32, 32, 3]), [(x, ["unk__619", CLASSES])], 11, ir_version=6, producer_name="tf2onnx")


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(784, CLASSES)

    def forward(self, pixels):
        return self.last(pixels)


class Shuffled(Network):
    """Channels shuffled between the groups, the second convolution doubled."""

    def __init__(self):
        super().__init__(group=2)

    def features(self, images):
        x = F.channel_shuffle(F.relu(self.norm(self.conv1(images))), 2)
        return F.relu(2 * self.conv2(x))


def leaky(x):
    return F.leaky_relu(x, 0.1)


def centred(mean, scale=1.0):
    """Of images in [0, 1], pixels in 0 … 255 less a mean."""
    return lambda images: (images * 255 - torch.as_tensor(mean, dtype=images.dtype).reshape(-1, 1, 1)) * scale


@dataclasses.dataclass(frozen=True)
class Imitation:
    write: Callable
    habit: Habit


RANGE = dict(range=255)
IMITATIONS = {
    "paddle2onnx": Imitation(paddle, Habit(lambda: Network(F.hardswish))),
    "gluon": Imitation(gluon, Habit(lambda: Network(lambda x: F.leaky_relu(x, 0.25), leaky), takes=centred(127.5, 0.0078125), reads=RANGE)),
    "caffe2": Imitation(caffe2, Habit(Shuffled)),
    **{
        f"opset{opset}": Imitation(early(opset), Habit(lambda: Network(lambda x: F.leaky_relu(x, 0.25), lambda x: F.relu(0.5 * x))))
        for opset in (1, 3, 5, 6)
    },
    "cntk": Imitation(cntk, Habit(lambda: Network(channels=1), channels=1, takes=centred(127.5, 1 / 255), reads=RANGE)),
    "matlab": Imitation(matlab, Habit(lambda: Network(F.relu6, nn.LocalResponseNorm(5)), takes=centred(117.0), reads=RANGE)),
    "mlnet": Imitation(mlnet, Habit(Linear, size=28, channels=1, takes=lambda images: images.flatten(1))),
    "custom_vision": Imitation(
        custom_vision,
        Habit(lambda: Network(leaky, leaky), takes=lambda images: centred([104, 117, 123])(images.flip(1)), reads=dict(RANGE, channelOrder="BGR")),
    ),
    "jax2onnx": Imitation(jax, Habit(lambda: Network(*[lambda x: F.gelu(x, approximate="tanh")] * 2), reads=dict(layout="NHWC"))),
    "tensorflow1": Imitation(tensorflow1, Habit(lambda: Network(F.relu6, F.relu6), reads=dict(layout="NHWC"))),
}  # fmt: skip


def make(imitation, folder):
    torch.manual_seed(0)
    # A tool's softmax is no part of the network: only differences of logits are compared.
    habit = dataclasses.replace(imitation.habit, logits=lambda logits: logits.log_softmax(-1))
    model = habit.make()
    whole = Read(model, habit).eval()
    enliven(whole, habit.size, habit.channels)
    pixels = images(export.IMAGES, habit.channels, habit.size, torch.Generator().manual_seed(1))
    pixels = (pixels * 255).round() / 255
    folder.mkdir(parents=True, exist_ok=True)
    export.reference(whole, pixels, torch.arange(export.IMAGES) * 3 % CLASSES, folder, habit=habit)
    imitation.write(model, str(folder / "written.onnx"))


if __name__ == "__main__":
    for imitation, where in unmade("imitations", IMITATIONS):
        make(imitation, where)
