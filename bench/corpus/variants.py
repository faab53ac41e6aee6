"""Other forms of what export.py wrote: half precision, optimised, simplified, quantised.

    python bench/corpus/variants.py OUT [--only substring] [--from legacy-17]

OUT/<name>/<way>-half.onnx has a reference of its own, of the rounded weights in float64. Of a quantised file nobody
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
from lively import CLASSES, enliven, images
from zoo import build

MODELS = [
    "torchvision.resnet18", "torchvision.mobilenet_v3_small", "torchvision.squeezenet1_1", "torchvision.densenet121",
    "torchvision.efficientnet_b0", "torchvision.convnext_tiny", "torchvision.swin_t", "torchvision.vit_b_32",
    "timm.vit_tiny_patch16_224", "timm.convnextv2_atto", "timm.edgenext_xx_small", "timm.sequencer2d_s",
    "timm.mobilenetv4_conv_small", "timm.gcvit_xxtiny", "timm.hrnet_w18_small", "timm.regnety_002", "timm.mixer_s32_224",
    "transformers.ViT", "transformers.Swin", "transformers.MobileViT", "transformers.Segformer", "transformers.PoolFormer",
]


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

        kind = q.QuantFormat.QDQ if form == "qdq" else q.QuantFormat.QOperator
        prepared = target.with_suffix(".prepared")
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        q.quantize_static(str(prepared), str(target), Reader(), quant_format=kind, per_channel=form == "qdq",
                          activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)
        prepared.unlink()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])
    # A dynamic scale is one of the whole batch, and the same for every batch only where that is one image.
    logits = np.concatenate([session.run(None, {"input": image[None]})[0] for image in pixels])
    rows = [0.0] * len(pixels)
    about = dict(about, quantised=True, weights={}, torch=dict(logits=rows, gradient=rows))
    stem = str(target).removesuffix(".onnx") + ".reference"
    np.concatenate([part.ravel().astype("<f8") for part in (pixels, logits, np.zeros_like(pixels))]).tofile(stem + ".bin")
    Path(stem + ".json").write_text(json.dumps(about, indent=1))


def half(folder, way):
    torch.manual_seed(0)
    model, size = build(folder.name)
    model.eval()
    enliven(model, size)
    pixels = images(export.IMAGES, 3, size, torch.Generator().manual_seed(1)).half()
    labels = torch.arange(export.IMAGES) * 3 % CLASSES
    path = folder / f"{way}-half.onnx"
    export.export(copy.deepcopy(model), pixels[: export.BATCH], f"{way}-half", str(folder / "partial.onnx"))
    rounded = folder / "rounded"
    rounded.mkdir(exist_ok=True)
    export.reference(model.half().float(), pixels.float(), labels, rounded, by_weights=False)
    # Exporters fold BatchNorm in before they round, and the reference does not.
    written = rounded / "reference.json"
    written.write_text(json.dumps(dict(json.loads(written.read_text()), coarse=0.02), indent=1))
    for ending in ("json", "bin"):
        os.replace(rounded / f"reference.{ending}", folder / f"{way}-half.reference.{ending}")
    rounded.rmdir()
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
    for name in MODELS:
        folder = arguments.out / name
        source = folder / f"{arguments.way}.onnx"
        if arguments.only not in name or not source.exists():
            continue
        forms = {
            "half": lambda target: half(folder, arguments.way),
            "extended": lambda target: optimised(source, target, levels.ORT_ENABLE_EXTENDED),
            "basic": lambda target: optimised(source, target, levels.ORT_ENABLE_BASIC),
            "simplified": lambda target: simplified(source, target),
            "slimmed": lambda target: slimmed(source, target),
            "dynamic": lambda target: quantised(source, target, "dynamic"),
            "qdq": lambda target: quantised(source, target, "qdq"),
            "qoperator": lambda target: quantised(source, target, "qoperator"),
        }
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
