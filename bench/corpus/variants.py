"""Other forms of what export.py wrote: half precision, optimised, fused, simplified, quantised, weights of few bits.

    python bench/corpus/variants.py OUT [--only substring] [--from legacy-17]

OUT/<name>/<way>-half.onnx has a reference of its own, of the rounded weights in float64, and so has a file whose
weights alone have few bits. Of a quantised file nobody
knows a true gradient, since rounding has none: its reference is what ONNX Runtime answers, and check.mjs
compares only the logits. Needs onnxruntime, onnxsim and onnxslim beside what export.py needs.
"""

import argparse
import copy
import json
import logging
import os
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import export
from lively import CLASSES, enliven
from zoo import Read, build

MODELS = [
    "torchvision.resnet18", "torchvision.mobilenet_v3_small", "torchvision.squeezenet1_1", "torchvision.densenet121",
    "torchvision.efficientnet_b0", "torchvision.convnext_tiny", "torchvision.swin_t", "torchvision.vit_b_32",
    "timm.vit_tiny_patch16_224", "timm.convnextv2_atto", "timm.edgenext_xx_small", "timm.sequencer2d_s",
    "timm.mobilenetv4_conv_small", "timm.gcvit_xxtiny", "timm.hrnet_w18_small", "timm.regnety_002", "timm.mixer_s32_224",
    "transformers.ViT", "transformers.Swin", "transformers.MobileViT", "transformers.Segformer", "transformers.PoolFormer",
    "habits.encoder", "habits.power_mean",
]
# As ONNX Runtime's optimiser of transformers calls them.
KINDS = {
    "torchvision.swin_t": "swin", "torchvision.vit_b_32": "vit", "timm.vit_tiny_patch16_224": "vit", "transformers.ViT": "vit",
    "transformers.Swin": "swin", "habits.encoder": "bert",
}  # fmt: skip
# Whose products of tokens are all layers of their own, so that packed weights are known to be theirs. (A causal mask of −∞
# gives the other quantisers a scale of ∞.)
PACKED = ["timm.vit_tiny_patch16_224", "timm.mixer_s32_224", "transformers.ViT", "transformers.Swin", "habits.rotary"]
# Bits of the weights alone: the bits, or the name of a type of bitsandbytes.
FEW_BITS = {"four_bit": 4, "four_bit_qdq": 4, "eight_bit": 8, "nf4": "nf4", "fp4": "fp4"}


def pixels_of(folder):
    about = json.loads((folder / "reference.json").read_text())
    count = int(np.prod(about["images"]))
    return about, np.fromfile(folder / "reference.bin", "<f8", count).reshape(about["images"]).astype(np.float32)


def optimised(source, target, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = str(target)
    options.intra_op_num_threads = 1
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def fused(source, target, kind):
    from onnxruntime.transformers import optimizer

    optimizer.optimize_model(str(source), model_type=kind, opt_level=0).save_model_to_file(str(target))


def external(source, target):
    """Weights beside the model."""
    onnx.save_model(onnx.load(source), target, save_as_external_data=True, location=f"{target.name}.data", size_threshold=0)


def few_bits(source, target, form):
    """The matrices of products in blocks of few bits, and the reference of the network with these weights."""
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

    bits = FEW_BITS[form]
    if isinstance(bits, str):
        quantizer = MatMulBnb4Quantizer(onnx.load(source), ("fp4", "nf4").index(bits), 64)
    else:
        kind = QuantFormat.QDQ if form.endswith("qdq") else QuantFormat.QOperator
        config = DefaultWeightOnlyQuantConfig(block_size=32, is_symmetric=bits == 8, quant_format=kind, bits=bits)
        quantizer = MatMulNBitsQuantizer(onnx.load(source), algo_config=config)
    quantizer.process()
    quantizer.model.save_model_to_file(str(target))
    with_weights(source.parent, matrices(onnx.load(target)), target)


def matrices(model):
    """What the packed weights are, in the order of the nodes: ONNX Runtime unpacks them."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if node.op_type not in ("MatMulNBits", "MatMulBnb4") and not (node.op_type == "DequantizeLinear" and node.input[0] in weights):
            continue
        rows = next((a.i for a in node.attribute if a.name == "K"), 1)
        takes = [] if node.input[0] in weights else [onnx.helper.make_tensor_value_info(node.input[0], 1, [rows, rows])]
        own = [weights[name] for name in node.input if name in weights]
        gives = [onnx.helper.make_tensor_value_info(node.output[0], 1, None)]
        graph = onnx.helper.make_graph([node], "unpacked", takes, gives, own)
        only = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
        session = onnxruntime.InferenceSession(only.SerializeToString(), providers=["CPUExecutionProvider"])
        fed = {given.name: np.eye(rows, dtype=np.float32) for given in takes}
        found.append(session.run(None, fed)[0])
    return found


def with_weights(folder, found, target):
    model, habit = enlivened(folder.name)
    _, pixels = pixels_of(folder)
    called = []

    def note(layer, inputs):
        # Of two axes a layer becomes a Gemm, whose weight is not packed.
        if inputs[0].ndim > 2 and layer not in called:
            called.append(layer)

    hooks = [m.register_forward_pre_hook(note) for m in model.modules() if isinstance(m, torch.nn.Linear)]
    pixels = torch.tensor(pixels)
    with torch.no_grad():
        model(pixels)
        for layer, matrix in zip(called, found, strict=True):
            layer.weight.copy_(torch.tensor(matrix.T))
    for hook in hooks:
        hook.remove()
    own_reference(model, pixels, target, habit)


def own_reference(model, pixels, target, habit, **about):
    """A reference for this one file."""
    folder = target.parent / "own"
    folder.mkdir(exist_ok=True)
    labels = torch.arange(export.IMAGES) * 3 % CLASSES
    export.reference(model, pixels, labels, folder, habit=habit)
    written = folder / "reference.json"
    written.write_text(json.dumps(dict(json.loads(written.read_text()), **about), indent=1))
    for ending in ("json", "bin"):
        os.replace(folder / f"reference.{ending}", f"{str(target).removesuffix('.onnx')}.reference.{ending}")
    folder.rmdir()


def enlivened(name):
    torch.manual_seed(0)
    model, habit = build(name)
    whole = Read(model, habit) if name.startswith("habits.") else model
    whole.eval()
    enliven(whole, habit.size, habit.channels)
    return whole, habit


def simplified(source, target):
    import onnxsim

    model, sound = onnxsim.simplify(onnx.load(source), overwrite_input_shapes={"input": [2, *shape_of(source)[1:]]})
    assert sound
    onnx.save(model, target)


def slimmed(source, target):
    import onnxslim

    onnx.save(onnxslim.slim(onnx.load(source)), target)


def shape_of(source):
    return [dim.dim_value for dim in onnx.load(source).graph.input[0].type.tensor_type.shape.dim]


def quantised(source, target, form):
    from onnxruntime import quantization as q
    from onnxruntime.quantization.shape_inference import quant_pre_process

    about, pixels = pixels_of(source.parent)
    if form == "dynamic":
        q.quantize_dynamic(str(source), str(target), weight_type=q.QuantType.QInt8)
    else:
        class Reader(q.CalibrationDataReader):
            rest = iter([{"input": pixels[:2]}, {"input": pixels[2:]}])

            def get_next(self):
                return next(self.rest, None)

        kind = q.QuantFormat.QOperator if form == "qoperator" else q.QuantFormat.QDQ
        activations = q.QuantType.QInt16 if form == "int16" else q.QuantType.QUInt8
        prepared = target.with_suffix(".prepared")
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        q.quantize_static(str(prepared), str(target), Reader(), quant_format=kind, per_channel=form == "qdq",
                          activation_type=activations, weight_type=q.QuantType.QInt8)
        prepared.unlink()
    answered(target, about, pixels, str(target).removesuffix(".onnx") + ".reference")


def answered(path, about, pixels, stem):
    """The reference of a file that rounds: ONNX Runtime's logits, and no gradient."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # A dynamic scale is one of the whole batch, and the same for every batch only where that is one image.
    logits = np.concatenate([session.run(None, {session.get_inputs()[0].name: image[None]})[0] for image in pixels])
    rows = [0.0] * len(pixels)
    about = dict(about, quantised=True, relative=False, weights={}, torch=dict(logits=rows, gradient=rows))
    np.concatenate([part.ravel().astype("<f8") for part in (pixels, logits, np.zeros_like(pixels))]).tofile(stem + ".bin")
    Path(stem + ".json").write_text(json.dumps(about, indent=1))


def half(folder, way):
    model, habit = enlivened(folder.name)
    _, pixels = pixels_of(folder)
    pixels = torch.tensor(pixels).half()
    path = folder / f"{way}-half.onnx"
    alone = model.model if isinstance(model, Read) else model
    export.export(copy.deepcopy(alone), pixels[: export.BATCH], f"{way}-half", str(folder / "partial.onnx"))
    # Exporters fold BatchNorm in before they round, and the reference does not.
    own_reference(model.half().float(), pixels.float(), path, habit, coarse=0.02)
    os.replace(folder / "partial.onnx", path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--from", dest="way", default="legacy-17")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    levels = onnxruntime.GraphOptimizationLevel
    for name in dict.fromkeys(MODELS + PACKED):
        folder = arguments.out / name
        source = folder / f"{arguments.way}.onnx"
        if arguments.only not in name or not source.exists():
            continue
        forms = {} if name not in MODELS else {
            "half": lambda target: half(folder, arguments.way),
            "extended": lambda target: optimised(source, target, levels.ORT_ENABLE_EXTENDED),
            "basic": lambda target: optimised(source, target, levels.ORT_ENABLE_BASIC),
            "external": lambda target: external(source, target),
            "simplified": lambda target: simplified(source, target),
            "slimmed": lambda target: slimmed(source, target),
            "dynamic": lambda target: quantised(source, target, "dynamic"),
            "qdq": lambda target: quantised(source, target, "qdq"),
            "qoperator": lambda target: quantised(source, target, "qoperator"),
            "int16": lambda target: quantised(source, target, "int16"),
        }
        if name in KINDS:
            forms["fused"] = lambda target: fused(source, target, KINDS[name])
        if name in PACKED:
            forms |= {form: lambda target, form=form: few_bits(source, target, form) for form in FEW_BITS}
        for form, work in forms.items():
            target = folder / f"{arguments.way}-{form}.onnx"
            if target.exists() or target.with_suffix(".failed").exists():
                continue
            try:
                work(target)
            except Exception as failure:
                target.unlink(missing_ok=True)
                target.with_suffix(".failed").write_text(f"{type(failure).__name__}: {failure}")
        print(name, flush=True)


if __name__ == "__main__":
    main()
