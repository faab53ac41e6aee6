/** Parses the text of VNN-LIB 1.0: declarations and assertions over X_i and Y_j become plain data, in one pass. */
import { InputError } from "../errors/index.js";

/** Σ factors[k] · variable[k] ≤ bound, as stated in a line of the file. */
export interface Inequality {
  readonly terms: readonly Term[];
  readonly bound: number;
  readonly line: number;
}

/** `factor` · X_index or Y_index; a sum has each variable once, and no factor 0. */
export interface Term {
  readonly of: "X" | "Y";
  readonly index: number;
  readonly factor: number;
}

export type Condition =
  | { readonly kind: "inequality"; readonly inequality: Inequality }
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[]; readonly line: number };

/** The content of a file, before it is interpreted. */
export interface Statement {
  /** Number of declared X_0, X_1, … and Y_0, Y_1, … */
  readonly inputs: number;
  readonly outputs: number;
  /** Together the condition of a counterexample. */
  readonly asserted: readonly Condition[];
}

/** Deepest nesting of parentheses: a property needs about five levels, and each is a recursion. */
const DEEPEST = 100;
/** No variable has a greater number: the model's input would take a gigabyte. */
const MOST_VARIABLES = 2 ** 28;
/** Most characters of a word to show in a message. */
const SHOWN = 60;

const NAME = /^([XY])_(0|[1-9]\d{0,8})$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Commands of SMT-LIB around a property, which do not matter. */
const IGNORED = new Set(["set-logic", "set-info", "set-option", "check-sat", "get-model", "exit"]);

/**
 * Reads the text of a property. `place` names it in errors.
 *
 * @throws InputError naming the line, what is wrong there, and the remedy.
 */
export function parseVnnlib(text: string, place: string): Statement {
  return new Parser(text, place).statement();
}

/** Σ terms + constant, while reading. */
interface Sum {
  readonly terms: ReadonlyMap<string, Term>;
  readonly constant: number;
}

class Parser {
  readonly #text: string;
  readonly #place: string;
  /** Lines on which the variables were declared. */
  readonly #declared = { X: new Map<number, number>(), Y: new Map<number, number>() };
  #at = 0;
  #line = 1;
  #depth = 0;

  constructor(text: string, place: string) {
    this.#text = text;
    this.#place = place;
  }

  statement(): Statement {
    const asserted: Condition[] = [];
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token !== "(") this.#fail(`expected a command in parentheses, found ${shown(token)}`);
      this.#enter();
      const line = this.#line;
      const command = this.#word("a command");
      if (command === "declare-const" || command === "declare-fun") this.#declare(command);
      else if (command === "assert") {
        asserted.push(this.#condition());
        this.#close("assert takes one condition");
      } else if (IGNORED.has(command)) this.#skip();
      else {
        this.#fail(
          `unknown command ${shown(command)}`,
          "A property consists of declare-const and assert (VNN-LIB 1.0).",
          line,
        );
      }
    }
    const [inputs, outputs] = [this.#count("X"), this.#count("Y")];
    if (asserted.length === 0)
      this.#fail("asserts nothing", "Assert the bounds of each X_i and the conditions on the Y_j.");
    return { inputs, outputs, asserted };
  }

  /** All of them from 0 on must be declared. */
  #count(of: "X" | "Y"): number {
    const declared = this.#declared[of];
    for (let i = 0; i < declared.size; i++) {
      if (declared.has(i)) continue;
      throw new InputError({
        place: this.#place,
        problem: `declares ${declared.size} variables ${of}_i, but not ${of}_${i}`,
        remedy: `Declare ${of}_0, ${of}_1, … without gaps.`,
      });
    }
    if (declared.size > 0) return declared.size;
    throw new InputError({
      place: this.#place,
      problem: `declares no variable ${of}_0`,
      remedy:
        "Declare X_0, X_1, … for the model's inputs and Y_0, Y_1, … for its outputs: (declare-const X_0 Real).",
    });
  }

  #declare(command: string): void {
    const name = this.#word("a name");
    const [, of, number] = NAME.exec(name) ?? [];
    if (of === undefined || Number(number) >= MOST_VARIABLES) {
      this.#fail(`declares ${shown(name)}`, "Inputs are named X_0, X_1, …, outputs Y_0, Y_1, …");
    }
    if (command === "declare-fun") {
      if (this.#next() !== "(")
        this.#fail(`${name} is a function`, "Variables take no arguments: (declare-const X_0 Real).");
      this.#enter();
      this.#close(`${name} must take no arguments`);
    }
    const type = this.#word("a type");
    if (type !== "Real") this.#fail(`${name} has the type ${shown(type)}`, "Declare it Real.");
    const lines = this.#declared[of as "X" | "Y"];
    const before = lines.get(Number(number));
    if (before !== undefined)
      this.#fail(`${name} is declared twice; first on line ${before}`, "Remove one of the two.");
    lines.set(Number(number), this.#line);
    this.#close("a declaration has a name and a type");
  }

  #condition(): Condition {
    const token = this.#next();
    if (token !== "(") this.#fail(`expected a condition such as (<= X_0 1), found ${shown(token)}`);
    this.#enter();
    const line = this.#line;
    const operator = this.#word("and, or, <= or >=");
    if (operator === "<=" || operator === ">=") {
      const [left, right] = [this.#sum(), this.#sum()];
      this.#close(`${operator} compares two sides`);
      return {
        kind: "inequality",
        inequality: this.#atMost(operator === "<=" ? [left, right] : [right, left], line),
      };
    }
    if (operator !== "and" && operator !== "or") {
      this.#fail(
        `${shown(operator)} is not a supported condition`,
        "Use and, or, <= and >=. Write an equality as a <= and a >=.",
        line,
      );
    }
    const parts: Condition[] = [];
    while (this.#peek() !== ")") parts.push(this.#condition());
    this.#close("");
    if (parts.length === 0)
      this.#fail(`${operator} has no parts`, "Put conditions into it, or remove it.", line);
    return { kind: operator, parts, line };
  }

  /** small ≤ great, with the variables on the left. */
  #atMost([small, great]: readonly [Sum, Sum], line: number): Inequality {
    const { terms, constant } = combined([
      [small, 1],
      [great, -1],
    ]);
    const bound = 0 - constant;
    if (!Number.isFinite(bound) || [...terms.values()].some(({ factor }) => !Number.isFinite(factor))) {
      this.#fail("its numbers are too large for float64", "Use numbers below 1e308.", line);
    }
    return { terms: [...terms.values()], bound, line };
  }

  /** A number, a variable, or a sum, difference or multiple of them. */
  #sum(): Sum {
    const token = this.#next();
    if (token === undefined || token === ")")
      this.#fail(`expected a number or a variable, found ${shown(token)}`);
    if (token !== "(") return this.#atom(token);
    this.#enter();
    const line = this.#line;
    const operator = this.#word("+, - or *");
    const parts: Sum[] = [];
    while (this.#peek() !== ")") parts.push(this.#sum());
    this.#close("");
    const [first, ...rest] = parts;
    if (first === undefined)
      return this.#fail(`${shown(operator)} has no parts`, "Give it numbers or variables.", line);
    if (operator === "+") return combined(parts.map((part) => [part, 1]));
    if (operator === "-" && rest.length === 0) return combined([[first, -1]]);
    if (operator === "-") return combined(parts.map((part, i) => [part, i === 0 ? 1 : -1]));
    if (operator === "*") return this.#product(parts, line);
    return this.#fail(`${shown(operator)} is not supported arithmetic`, "Use +, - and *.", line);
  }

  #product(parts: readonly Sum[], line: number): Sum {
    const varying = parts.filter(({ terms }) => terms.size > 0);
    if (varying.length > 1)
      this.#fail("multiplies variables with each other", "Conditions must be linear.", line);
    const factor = parts.reduce(
      (product, part) => (part === varying[0] ? product : product * part.constant),
      1,
    );
    return combined([[varying[0] ?? { terms: NO_TERMS, constant: 1 }, factor]]);
  }

  #atom(token: string): Sum {
    if (NUMBER.test(token)) return { terms: NO_TERMS, constant: Number(token) };
    const [, of, number] = NAME.exec(token) ?? [];
    if (of === undefined) {
      this.#fail(
        `${shown(token)} is neither a number nor a variable`,
        "Use numbers, X_0, X_1, … and Y_0, Y_1, …",
      );
    }
    const index = Number(number);
    if (!this.#declared[of as "X" | "Y"].has(index)) {
      this.#fail(`${token} is not declared`, `Declare it first: (declare-const ${token} Real).`);
    }
    return { terms: new Map([[token, { of: of as "X" | "Y", index, factor: 1 }]]), constant: 0 };
  }

  /** Skips the rest of a command whose opening parenthesis was read. */
  #skip(): void {
    for (let open = 1; open > 0;) {
      const token = this.#next();
      if (token === undefined) this.#fail("ends within a command", "The file is truncated: get it again.");
      open += token === "(" ? 1 : token === ")" ? -1 : 0;
    }
    this.#depth--;
  }

  #word(what: string): string {
    const token = this.#next();
    if (token === undefined || token === "(" || token === ")")
      this.#fail(`expected ${what}, found ${shown(token)}`);
    return token;
  }

  #enter(): void {
    if (++this.#depth > DEEPEST) this.#fail(`has more than ${DEEPEST} nested parentheses`, "Nest fewer.");
  }

  #close(rule: string): void {
    const token = this.#next();
    if (token !== ")") this.#fail(`${rule === "" ? "" : `${rule}: `}expected ), found ${shown(token)}`);
    this.#depth--;
  }

  #peek(): string | undefined {
    const [at, line] = [this.#at, this.#line];
    const token = this.#next();
    [this.#at, this.#line] = [at, line];
    if (token === undefined) this.#fail("ends within parentheses", "The file is truncated: get it again.");
    return token;
  }

  /** The next parenthesis or word; undefined at the end. */
  #next(): string | undefined {
    const text = this.#text;
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at);
      if (code === 10) this.#line++;
      else if (code === 59) {
        const end = text.indexOf("\n", this.#at);
        this.#at = (end === -1 ? text.length : end) - 1;
      } else if (!isSpace(code)) break;
    }
    if (this.#at >= text.length) return undefined;
    const start = this.#at;
    const first = text[start]!;
    if (first === "(" || first === ")") {
      this.#at++;
      return first;
    }
    if (first === '"' || first === "|") return this.#quoted(first);
    while (this.#at < text.length && !endsWord(text.charCodeAt(this.#at))) this.#at++;
    return text.slice(start, this.#at);
  }

  #quoted(quote: string): string {
    const start = this.#at;
    const end = this.#text.indexOf(quote, start + 1);
    if (end === -1) this.#fail(`a ${quote} is never closed`, "The file is truncated: get it again.");
    for (
      let at = this.#text.indexOf("\n", start);
      at !== -1 && at < end;
      at = this.#text.indexOf("\n", at + 1)
    )
      this.#line++;
    this.#at = end + 1;
    return this.#text.slice(start, end + 1);
  }

  #fail(
    problem: string,
    remedy: string = "Fix the line. Properties are written in VNN-LIB 1.0.",
    line: number = this.#line,
  ): never {
    throw new InputError({ place: `${this.#place}, line ${line}`, problem, remedy });
  }
}

const NO_TERMS: ReadonlyMap<string, Term> = new Map();

/** Σ factor · part */
function combined(parts: readonly (readonly [part: Sum, factor: number])[]): Sum {
  const terms = new Map<string, Term>();
  let constant = 0;
  for (const [part, factor] of parts) {
    constant += factor * part.constant;
    for (const [name, term] of part.terms) {
      const total = (terms.get(name)?.factor ?? 0) + factor * term.factor;
      if (total === 0) terms.delete(name);
      else terms.set(name, { ...term, factor: total });
    }
  }
  return { terms, constant };
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0xfeff;
}

/** Space, parentheses, and the start of a comment. */
function endsWord(code: number): boolean {
  return isSpace(code) || code === 40 || code === 41 || code === 59;
}

function shown(token: string | undefined): string {
  if (token === undefined) return "the end of the file";
  return `"${token.length > SHOWN ? `${token.slice(0, SHOWN)}…` : token}"`;
}
