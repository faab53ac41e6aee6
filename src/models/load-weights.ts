import { InputError } from "../errors/index.js";
import { readFileChecked } from "../files/index.js";
import { withInitializers } from "../graph/index.js";
import { isFloat, sameShape, type Tensor } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";
import { asFloat32, readSafetensors } from "./safetensors.js";
import { headOf } from "./trunk.js";

export interface LoadWeightsOptions {
  /** Name of the weights in errors: their file. */
  readonly place?: string;
  /** Keep the classifier's own last layer, for example because its classes differ from those of the weights. */
  readonly keepHead?: boolean;
  /** Further parameters and statistics for which the classifier keeps its own. */
  readonly keep?: ReadonlySet<string>;
  /** Ignore tensors that the classifier does not have, such as the constants of an exported graph. */
  readonly ignoreUnexpected?: boolean;
  /** What to do about weights that do not fit. */
  readonly remedy?: string;
}

/** Counters of PyTorch's BatchNorm, which are not used. */
const IGNORED = /(^|\.)num_batches_tracked$/;
/** Prefixes that wrappers put before every name. */
const PREFIXES = ["module.", "model.", "backbone.", "resnet."] as const;
/** Most differences to list: enough for any real network, but not for a hostile file with millions of names. */
const LISTED = 1000;

/**
 * The classifier with other weights: every parameter and running statistic by its torchvision
 * name, of any float type. A common prefix (DataParallel's `module.`, a `backbone.`) is removed.
 *
 * @throws InputError listing every tensor that is missing, unexpected or of another shape.
 */
export function loadWeights(
  classifier: Classifier,
  tensors: ReadonlyMap<string, Tensor>,
  options: LoadWeightsOptions = {},
): Classifier {
  const { place = "weights", keepHead = false, keep } = options;
  const given = withoutPrefix(tensors);
  const head = headOf(classifier);
  const wanted = new Map(
    [...classifier.parameters, ...classifier.buffers].map((name): [string, Tensor] => [
      name,
      classifier.graph.initializers.get(name)!,
    ]),
  );
  const loaded = new Map<string, Tensor>();
  const differences: string[] = [];
  let onlyHead = true;
  const differs = (name: string, what: string): void => {
    differences.push(`"${name}" ${what}`);
    if (!head.has(name)) onlyHead = false;
  };
  for (const [name, own] of wanted) {
    if (keep?.has(name) === true || (keepHead && head.has(name))) continue;
    const found = given.get(name);
    if (found === undefined) differs(name, "is missing");
    else if (!isFloat(found.dtype)) differs(name, `is ${found.dtype}, not a float type`);
    else if (!sameShape(found.shape, own.shape)) {
      differs(name, `is [${found.shape.join(", ")}], expected [${own.shape.join(", ")}]`);
    } else loaded.set(name, asFloat32(found));
  }
  if (options.ignoreUnexpected !== true) {
    for (const name of given.keys()) if (!wanted.has(name)) differs(name, "is unexpected");
  }
  if (differences.length > 0) {
    const remedy = onlyHead
      ? "Only the last layer differs: use keepHead to keep the model's own and train it."
      : (options.remedy ?? "Choose the architecture that the weights belong to.");
    throw mismatch(classifier, place, differences, remedy);
  }
  return { ...classifier, graph: withInitializers(classifier.graph, loaded) };
}

function withoutPrefix(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const kept = [...tensors].filter(([name]) => !IGNORED.test(name));
  const prefix = PREFIXES.find((each) => kept.every(([name]) => name.startsWith(each))) ?? "";
  return new Map(kept.map(([name, data]) => [name.slice(prefix.length), data]));
}

function mismatch(
  { name, classNames }: Classifier,
  place: string,
  differences: readonly string[],
  remedy: string,
): InputError {
  const rest = differences.length - LISTED;
  const list = [...differences.slice(0, LISTED), ...(rest > 0 ? [`… and ${rest} more`] : [])];
  return new InputError({
    place,
    problem: `does not fit ${name} with ${classNames.length} classes:\n    ${list.join("\n    ")}`,
    remedy,
  });
}

const PICKLE = /\.(pth|pt|ckpt|pkl|pickle|bin)(\.tar)?$/i;

/** For weights alone, or beside an epoch and an optimiser in a checkpoint; separates tensors that share memory. */
const CONVERT =
  "import sys, torch, safetensors.torch as s; " +
  'd = torch.load(sys.argv[1], map_location="cpu", weights_only=True); ' +
  'd = d.get("state_dict", d.get("model", d)); ' +
  "s.save_file({k: v.clone().contiguous() for k, v in d.items() if torch.is_tensor(v)}, sys.argv[2])";

/**
 * The tensors of a safetensors file.
 *
 * @throws InputError for a damaged file, and for a pickle, with the command that converts it:
 * unpickling runs any code in the file, so it is never done here.
 */
export async function readWeightsFile(path: string): Promise<ReadonlyMap<string, Tensor>> {
  if (PICKLE.test(path)) {
    const target = path.replace(PICKLE, ".safetensors");
    throw new InputError({
      place: path,
      problem: "is a pickle, which can run code when it is read",
      remedy:
        "Convert it where PyTorch is installed:\n" +
        `  python -c ${[CONVERT, path, target].map(shellWord).join(" ")}`,
    });
  }
  return readSafetensors(await readFileChecked(path), { place: path }).tensors;
}

/** Quotes any text as one word of a POSIX shell. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
