/** Decides which requests a server on the loopback address answers: those of the browser that used its link. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A refusal: a status and a short text. */
export interface Refusal {
  readonly status: number;
  readonly words: string;
}

/** Host names of the loopback address that a browser may use; any other belongs to another site whose DNS points here. */
function allowedHosts(port: number): readonly string[] {
  // Browsers omit the default port of http.
  const ports = port === 80 ? ["", ":80"] : [`:${port}`];
  return ["127.0.0.1", "localhost"].flatMap((name) => ports.map((end) => name + end));
}

/** Refuses requests from another site: a foreign host name, or an origin that is not this host. */
export function refuseForeign(headers: IncomingHttpHeaders, port: number): Refusal | undefined {
  const { host, origin } = headers;
  if (host === undefined || !allowedHosts(port).includes(host.toLowerCase()))
    return { status: 403, words: "Only requests to 127.0.0.1 and localhost are answered." };
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    return { status: 403, words: "Only the page itself may request this." };
  return undefined;
}

/** Whether the browser says that another site led here. Older browsers do not say; for them the cookie is SameSite=Strict. */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** Links that each let in one browser, and the cookie it then has. */
export interface Keys {
  /** A token that works once. */
  issue(): string;
  /** Whether the token is valid; using it spends it. */
  spend(token: string): boolean;
  /** `Set-Cookie` for a browser that was let in. */
  readonly cookie: string;
  admits(headers: IncomingHttpHeaders): boolean;
}

const secret = (): string => randomBytes(32).toString("base64url");
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** @param port part of the cookie's name, because the ports of a host share cookies. */
export function createKeys(port: number): Keys {
  const session = secret();
  const name = `holdfast-${port}`;
  const tokens = new Set<string>();
  const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
  return {
    cookie: `${name}=${session}; Path=/; HttpOnly; SameSite=Strict`,
    issue() {
      const token = secret();
      tokens.add(token);
      return token;
    },
    spend(token) {
      const known = [...tokens].find((each) => isSame(each, token));
      return known !== undefined && tokens.delete(known);
    },
    admits({ cookie = "" }) {
      return cookie.split(";").some((pair) => {
        const [key, ...value] = pair.trim().split("=");
        return key === name && isSame(value.join("="), session);
      });
    },
  };
}
