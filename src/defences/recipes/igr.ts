import type { Recipe } from "../recipe.js";

/** Input gradient regularisation by double backpropagation; λ suits pixels in [0, 1] and 64² images. */
export const igr: Recipe = Object.freeze<Recipe>({
  name: "igr",
  title: "IGR",
  description:
    "Plain training that also keeps the loss flat around each image, with a penalty on the squared input gradient.",
  source: "Ross & Doshi-Velez 2018, arXiv:1711.09404",
  adversary: undefined,
  weights: { clean: 1, inputGradient: 1 },
});
