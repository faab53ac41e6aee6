"""Small classifiers, each with a habit of its maker that the families of the libraries have not."""

from .heads import HEADS
from .inputs import INPUTS
from .layers import LAYERS
from .maps import MAPS
from .sequences import SEQUENCES

HABITS = {**HEADS, **LAYERS, **MAPS, **SEQUENCES, **INPUTS}
