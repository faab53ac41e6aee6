/** An attack on the small network, followed question by question. */
import {
  ballAround,
  createTarget,
  STEP,
  type Answer,
  type AnyAttack,
  type Subject,
  type Target,
  type ThreatModel,
} from "../src/attacks/index.js";
import { createGenerator } from "../src/tensor/index.js";
import { SMALL_SIZE, smallBatch, smallNetwork } from "./small-network.js";

const AREA = SMALL_SIZE * SMALL_SIZE;
const random = createGenerator(1);

/** The small network as what its batch is attacked on. */
export const smallTarget = (): Target =>
  createTarget(smallNetwork(), { batchSize: smallBatch().size, threads: 1 });

/** One image of the batch, as an attack sees it. */
export async function subjectAt(target: Target, place: number, threat: ThreatModel): Promise<Subject> {
  const { images, labels } = smallBatch();
  const image = images.slice(place * AREA, (place + 1) * AREA);
  return {
    image,
    shape: target.imageShape,
    label: labels[place]!,
    target: undefined,
    threat,
    ball: ballAround(threat, image),
    cleanLogits: await target.logits(image),
    randomised: false,
    stream: (name, which) => random.stream(name, place, which),
  };
}

/** Answers an attack's questions one by one; the images that it asked about, and its answer. */
export async function followed(
  target: Target,
  { attack, options }: { attack: AnyAttack; options: object },
  subject: Subject,
): Promise<{ asked: Float32Array[]; found: Float32Array }> {
  const asking = attack.run(subject, options as never);
  const asked: Float32Array[] = [];
  let next = asking.next();
  while (next.done !== true) {
    asked.push(next.value.rows[STEP.image]!);
    const [answer] = await target.answer(next.value.question, [next.value], [{ index: 0, draw: 0 }]);
    next = asking.next(answer as Answer);
  }
  return { asked, found: next.value };
}
