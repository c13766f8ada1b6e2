// What is fetched when a network asks for it: kernels of layers whose weights are codes.
export { correlateCodes, multiplyCodes, multiplyScaled, spreadCodes } from "./codes";
export { dequantize, pairPlanes, quantize, requantize, scaleSums } from "./quantize";
