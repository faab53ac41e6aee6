/** Which requests a server of the loopback address answers: those of the browser that was given its link. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What is refused, as a status and a few words. */
export interface Refusal {
  readonly status: number;
  readonly words: string;
}

/** Names of the loopback address that a browser may have asked for; any other is another site's, bound to it by its DNS. */
function allowedHosts(port: number): readonly string[] {
  // A browser leaves the usual port of http out.
  const ports = port === 80 ? ["", ":80"] : [`:${port}`];
  return ["127.0.0.1", "localhost"].flatMap((name) => ports.map((end) => name + end));
}

/** Refuses what another site asks for: a name of the server that is not its own, or an origin that is not this host. */
export function refuseForeign(headers: IncomingHttpHeaders, port: number): Refusal | undefined {
  const { host, origin } = headers;
  if (host === undefined || !allowedHosts(port).includes(host.toLowerCase()))
    return { status: 403, words: "Only requests to 127.0.0.1 and localhost are answered." };
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    return { status: 403, words: "Only the page itself may ask." };
  return undefined;
}

/** Whether a browser says that another site led here; absent in older browsers, whose cookie is SameSite=Strict. */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** Links that each let one browser in, and the cookie that it then has. */
export interface Keys {
  /** A token that works once. */
  issue(): string;
  /** Whether the token is good; it is spent. */
  spend(token: string): boolean;
  /** `Set-Cookie` of a browser that was let in. */
  readonly cookie: string;
  admits(headers: IncomingHttpHeaders): boolean;
}

const secret = (): string => randomBytes(32).toString("base64url");
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** @param port cookies are shared among the ports of a host: it is part of the name. */
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
