/** Pages that wait for updates, over Server-Sent Events. */
import type { ServerResponse } from "node:http";

/** Limit on open pages; more than this is a fault. */
const MOST = 8;
/** A page that has taken nothing for this long is gone. */
const PATIENCE_MS = 30_000;

/** A page in parts. */
export interface Parts {
  readonly title: string;
  /** Parts by element id. */
  readonly sections: ReadonlyMap<string, string>;
}

interface Stream {
  readonly response: ServerResponse;
  /** What was last sent, by the id of its part. */
  readonly sent: Map<string, string>;
  busySince: number | undefined;
}

export interface Streams {
  readonly count: number;
  /** Whether there is room for one more. */
  readonly hasRoom: boolean;
  add(response: ServerResponse): void;
  /** Sends each page the parts that changed since it last got them. */
  send(page: Parts): void;
  /** Ends all streams, with a message for the reader. */
  end(words: string): void;
}

export function createStreams(): Streams {
  const streams = new Set<Stream>();
  const send = (stream: Stream, event: string, data: unknown): void => {
    stream.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  return {
    get count() {
      return streams.size;
    },
    get hasRoom() {
      return streams.size < MOST;
    },
    add(response) {
      const stream: Stream = { response, sent: new Map(), busySince: undefined };
      streams.add(stream);
      response.on("close", () => streams.delete(stream));
      response.on("drain", () => (stream.busySince = undefined));
      // If the connection is lost, the browser reconnects after this many milliseconds.
      response.write("retry: 2000\n\n");
    },
    send({ title, sections }) {
      for (const stream of streams) {
        if (stream.busySince !== undefined) {
          // It has not taken the last parts yet; it will get the newest ones later, not all in between.
          if (performance.now() - stream.busySince > PATIENCE_MS) stream.response.destroy();
          continue;
        }
        const parts: Record<string, string> = {};
        for (const [id, text] of [["title", title] as const, ...sections]) {
          if (stream.sent.get(id) === text) continue;
          stream.sent.set(id, text);
          parts[id] = text;
        }
        if (Object.keys(parts).length > 0) send(stream, "parts", parts);
        else stream.response.write(": nothing new\n\n");
        if (stream.response.writableNeedDrain) stream.busySince = performance.now();
      }
    },
    end(words) {
      for (const stream of streams) {
        send(stream, "end", words);
        stream.response.end();
      }
    },
  };
}
