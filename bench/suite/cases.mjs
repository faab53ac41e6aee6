// What is timed. A model is torchvision's or timm's of that name, with 17 classes and random weights.

/** What a task does, and the peers it can be done with, the usual way first. */
export const TASKS = {
  forward: { label: "logits", peers: ["eager", "channels_last", "compile", "jax-js", "tfjs"] },
  "pgd-step": {
    label: "PGD step",
    peers: ["torchattacks", "eager", "channels_last", "compile", "foolbox", "art", "jax-js"],
  },
  "train-step": { label: "training step, SGD", peers: ["eager", "channels_last", "compile"] },
  "at-alp": { label: "AT+ALP step, PGD-10", peers: ["eager", "channels_last", "compile"] },
  // torch.compile cannot differentiate twice.
  igr: { label: "IGR step", peers: ["eager", "channels_last"] },
};

/** `kept`: belongs to the short run, whose results the README shows. */
export const CASES = [
  { task: "pgd-step", model: "resnet50", size: 224, batch: 8, kept: true },
  { task: "pgd-step", model: "resnet50", size: 224, batch: 1 },
  { task: "pgd-step", model: "resnet50", size: 224, batch: 32 },
  { task: "pgd-step", model: "resnet101", size: 224, batch: 8, kept: true },
  { task: "pgd-step", model: "resnet18", size: 32, batch: 128, kept: true },
  { task: "pgd-step", model: "resnet18", size: 64, batch: 16, kept: true },
  { task: "pgd-step", model: "tf_efficientnet_lite0", size: 224, batch: 8, kept: true },
  { task: "pgd-step", model: "efficientnet_b0", size: 224, batch: 8, kept: true },
  { task: "pgd-step", model: "mobilenet_v3_large", size: 224, batch: 8, kept: true },
  { task: "pgd-step", model: "convnext_tiny", size: 224, batch: 8, kept: true },
  { task: "pgd-step", model: "swin_t", size: 224, batch: 8, kept: true },
  { task: "pgd-step", model: "vit_b_16", size: 224, batch: 8, kept: true },
  { task: "forward", model: "resnet50", size: 224, batch: 8 },
  { task: "forward", model: "resnet18", size: 224, batch: 1 },
  { task: "train-step", model: "resnet50", size: 224, batch: 8, kept: true },
  { task: "train-step", model: "tf_efficientnet_lite0", size: 128, batch: 16, kept: true },
  { task: "train-step", model: "efficientnet_b0", size: 224, batch: 8 },
  { task: "train-step", model: "mobilenet_v3_large", size: 224, batch: 8 },
  { task: "train-step", model: "convnext_tiny", size: 224, batch: 4 },
  { task: "train-step", model: "swin_t", size: 224, batch: 4 },
  { task: "at-alp", model: "resnet50", size: 224, batch: 8 },
  { task: "at-alp", model: "resnet18", size: 64, batch: 16, kept: true },
  { task: "at-alp", model: "resnet18", size: 32, batch: 128, kept: true },
  { task: "igr", model: "resnet50", size: 224, batch: 8 },
  { task: "igr", model: "resnet18", size: 64, batch: 16 },
];

/** A case in a few words; names it in a kept result. */
export const titleOf = ({ task, model, size, batch }) => `${task} ${model} ${size}² × ${batch}`;
