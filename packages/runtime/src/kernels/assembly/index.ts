export { copyPlanes } from "./copy";
export { correlate, correlateDense } from "./correlate";
export { depthwise } from "./depthwise";
export { activate, pairwise } from "./elementwise";
export { maxPool } from "./pool";
export { gather, multiply, scatter } from "./product";
