export { copyPlanes } from "./copy";
export { correlate16, correlate32, correlateDense } from "./correlate";
export { maxPool } from "./pool";
export { gather16, gather32, multiply, scatter16 } from "./product";
