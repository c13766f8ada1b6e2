/** How many images each part of the built-in sample of MNIST has. */
export const SAMPLE = { train: 5000, validation: 1000, test: 1000 } as const;
