"""The command line of a script that makes models by name."""

import argparse
from pathlib import Path


def unmade(source, makers):
    """Each maker whose name contains --only and whose folder of OUT holds no file yet, with that folder; says what was made."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    for name, maker in makers.items():
        folder = arguments.out / f"{source}.{name}"
        if arguments.only in folder.name and not any(folder.glob("*.onnx")):
            yield maker, folder
            print(folder.name, flush=True)
