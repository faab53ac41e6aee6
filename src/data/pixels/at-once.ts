/** Enough to keep the decoder busy, but few enough for large photographs. */
const AT_ONCE = 4;

/** Calls `work` for 0 … count − 1 in this order, with up to four pending at a time, in this thread. */
export async function atOnce(count: number, work: (index: number) => void | Promise<void>): Promise<void> {
  let next = 0;
  const goOn = async (): Promise<void> => {
    while (next < count) {
      const working = work(next++);
      // Awaiting each of many small images in memory would cost more than the work itself.
      if (working !== undefined) await working;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, goOn));
}
