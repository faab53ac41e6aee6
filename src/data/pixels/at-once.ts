/** Enough to keep the decoder busy, few enough for large photographs. */
const AT_ONCE = 4;

/** Does `work` for 0 … count − 1, begun in this order, four at a time in this thread. */
export async function atOnce(count: number, work: (index: number) => void | Promise<void>): Promise<void> {
  let next = 0;
  const goOn = async (): Promise<void> => {
    while (next < count) {
      const working = work(next++);
      // A turn of the event loop's queue for each of many small images in memory would cost more than they do.
      if (working !== undefined) await working;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, goOn));
}
