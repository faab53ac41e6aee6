/** Finds the model output for a class of the data, by name. */
import { imageNetClasses } from "../imagenet/index.js";
import { normalName } from "./names.js";

/** What is known about a model's outputs. */
export interface ModelClasses {
  readonly classNames: readonly string[];
  /** Whether nobody named the classes; their names are then their positions. */
  readonly unnamed?: boolean | undefined;
}

/** Names of a model's outputs, and a lookup of the outputs that a name may mean: none, one, or several. */
export interface ClassLookup {
  readonly names: readonly string[];
  outputsOf(name: string): readonly number[];
  /** Whether the outputs are assumed to be ImageNet's only because of their number. */
  readonly assumed: boolean;
  /** Whether the names are only the positions of the outputs. */
  readonly nameless: boolean;
}

const WORDNET_ID = /^(n\d{8})(?:[\s_:,-]+|$)/;
/** Names before ImageNet's in models with a first output for the background, as in TensorFlow's older models. */
const BACKGROUND = ["background"];

/**
 * Looks names up in this order: as the model's own, as one of several names that the model gives (`tench, Tinca tinca`), and as
 * ImageNet's, by WordNet id or any of its names, if the model's classes are known to be ImageNet's. Capitals, hyphens
 * and underscores make no difference. A model with 1000 or 1001 outputs without names is assumed to be an ImageNet model.
 */
export function lookUpClasses({ classNames, unnamed }: ModelClasses): ClassLookup {
  const imageNet = imageNetClasses();
  const extra = classNames.length - imageNet.length;
  const assumed = unnamed === true && (extra === 0 || extra === BACKGROUND.length);
  const names = assumed
    ? [...BACKGROUND.slice(0, extra), ...imageNet.map(({ names: [name] }) => name)]
    : classNames.map(normalName);
  const layers: ((name: string) => readonly number[])[] = [];
  if (assumed) {
    layers.push((name) => imageNetPlaces(name).map((place) => place + extra));
  } else {
    const exact = indexOf(names.map((name) => [name]));
    const own = indexOf(names.map((name) => [simple(name)]));
    const parts = indexOf(names.map((name) => partsOf(name).map(simple)));
    const known = indexOf(names.map((name) => imageNetPlaces(name).map(String)));
    layers.push(
      (name) => exact.get(normalName(name)) ?? [],
      (name) => own.get(simple(name)) ?? [],
      (name) => common(partsOf(name).map((part) => parts.get(simple(part)) ?? [])),
      (name) => imageNetPlaces(name).flatMap((place) => known.get(String(place)) ?? []),
    );
  }
  return {
    names,
    assumed,
    nameless: unnamed === true && !assumed,
    outputsOf(name) {
      for (const layer of layers) {
        const found = layer(name);
        if (found.length > 0) return found;
      }
      return [];
    },
  };
}

function simple(name: string): string {
  return normalName(name)
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim();
}

/** `n02102040-English_springer`, `tench, Tinca tinca`: a WordNet id in front, and names between commas. */
function partsOf(name: string): string[] {
  const id = WORDNET_ID.exec(name);
  const rest = id === null ? name : name.slice(id[0].length);
  return [...(id === null ? [] : [id[1]!]), ...rest.split(",").map((part) => part.trim())].filter(Boolean);
}

function indexOf(keys: readonly (readonly string[])[]): Index {
  const places = new Map<string, number[]>();
  keys.forEach((each, place) => {
    for (const key of new Set(each)) places.set(key, [...(places.get(key) ?? []), place]);
  });
  return places;
}

/** The intersection of all non-empty lists. */
function common(lists: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...others] = lists.filter((list) => list.length > 0);
  return first.filter((each) => others.every((list) => list.includes(each)));
}

/** Names shared by two classes each. torchvision calls the second ones "crane bird" and "maillot tank suit"; the plain names are ambiguous. */
const SHARED: ReadonlySet<string> = new Set(["crane", "maillot"]);

type Index = ReadonlyMap<string, readonly number[]>;

let imageNetIndex: readonly [exact: Index, own: Index, all: Index] | undefined;

/** First names by their exact letters, the same without capitals, and all names with the ids. */
function indexImageNet(): readonly [exact: Index, own: Index, all: Index] {
  const classes = imageNetClasses();
  const first = (form: (name: string) => string): Index =>
    indexOf(classes.map(({ names: [name] }) => (SHARED.has(name) ? [] : [form(name)])));
  const all = indexOf(classes.map(({ wordNetId, names }) => [wordNetId, ...names.map(simple)]));
  return [first((name) => name), first(simple), all];
}

/** Positions in ImageNet's order that a name may mean. */
function imageNetPlaces(name: string): readonly number[] {
  const [exact, own, all] = (imageNetIndex ??= indexImageNet());
  const id = WORDNET_ID.exec(name)?.[1];
  if (id !== undefined) return all.get(id) ?? [];
  return (
    exact.get(normalName(name)) ??
    own.get(simple(name)) ??
    all.get(simple(name)) ??
    common(partsOf(name).map((part) => all.get(simple(part)) ?? []))
  );
}
