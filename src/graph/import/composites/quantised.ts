/**
 * Quantised ops in float32. An 8-bit number is stored as a float of the same value, so each op gives the same result as
 * with integers. Rounding is differentiated straight through (Bengio et al. 2013), as in training with simulated
 * quantisation. The gradient of a clipped value is zero.
 */
import type { Raise } from "../raise.js";
import { AROUND_FLOATS } from "./quantised/around-floats.js";
import { LINEAR } from "./quantised/linear.js";
import { PRODUCTS } from "./quantised/products.js";

export const QUANTISED: Readonly<Record<string, Raise>> = { ...LINEAR, ...PRODUCTS, ...AROUND_FLOATS };
