/** What decides on how seldom shards exchange what they have learned. */
export interface RoundSizes {
  readonly shards: number;
  /** Bytes of a state: the parameters, the optimizer's tensors and running statistics. */
  readonly bytes: number;
  /** Multiply-accumulate operations of a batch, forward. */
  readonly macs: number;
  /** Steps of each shard in an epoch. */
  readonly epoch: number;
}

/** The part of the time that may go into exchanges. */
const SHARE = 0.1;

/**
 * What a thread computes while a byte of a state goes one way: is written, hashed, put somewhere, read and added up. It is
 * that of gigabit Ethernet: 8 ns a byte, in which a thread that takes a step of LeNet-5 in 15 ms computes 240. Between
 * processes of one machine less is enough: `npm run bench -- local-sgd 15 1000000` measured 120 for states of 4 MB.
 */
const MACS_FOR_A_BYTE = 250;

/** A step computes about three times what the network does: outputs, gradients of inputs, gradients of weights. */
const STEP = 3;

/**
 * How many steps each shard should take before the mean is taken, for exchanges to take up to a tenth of the time with a
 * worker for each shard: H = (N + 3) bytes r / (0.1 * 3 macs). One state is written for all shards, each reads it and
 * writes its own, and whoever takes the mean reads all N of them. It grows with the bytes and, slowly, with the shards, and
 * falls with the batch. The mean is taken at the end of each epoch at least, where it is validated.
 */
export function stepsBetweenMeans({ shards, bytes, macs, epoch }: RoundSizes): number {
  const steps = ((shards + 3) * bytes * MACS_FOR_A_BYTE) / (SHARE * STEP * macs);
  return Math.max(1, Math.min(epoch, Math.ceil(steps)));
}
