import { attacksOf, type Measured } from "../curves.js";
import { attackLabel, list } from "../words.js";

/** What the numbers of these attacks do not show: they are upper bounds. */
export function upperBoundStatements(measured: Measured): string[] {
  const attacks = attacksOf(measured.measurements);
  const names = new Set(attacks.map(attackLabel));
  if (names.size === 0) return [];
  const isAtRandom = attacks.some(({ parameters }) => parameters["location"] === "random");
  const several = names.size > 1;
  return [
    `${list([...names])} ${several ? "are upper bounds" : "is an upper bound"} on robust accuracy: a stronger ` +
      `attack can only find more adversarial images. ${several ? "They show" : "It shows"} what these attacks ` +
      `did not break, not what cannot be broken.`,
    ...(isAtRandom
      ? [
          "The patch was tried at a few random places in each image, not at the worst one: more --restarts find more.",
        ]
      : []),
  ];
}
