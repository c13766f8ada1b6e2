/** Room for numbers, which may be more than memory holds. */
export interface Store {
  /** Writes numbers from the place `at` on. */
  write(at: number, values: Float32Array): void;
  /** Fills an array with the numbers from the place `at` on. */
  read(at: number, into: Float32Array): void;
  /** Gives the room up: nothing can be read or written any more. */
  release(): void;
}

/** Makes room for so many numbers. */
export type Storage = (numbers: number) => Store;

export const memory: Storage = (numbers) => {
  const values = new Float32Array(numbers);
  return {
    write: (at, given) => values.set(given, at),
    read: (at, into) => into.set(values.subarray(at, at + into.length)),
    release: () => {},
  };
};
