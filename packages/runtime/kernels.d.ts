/** The compiled kernels, for `{ kernels }` where a module may be imported but not compiled. */
declare const kernels: WebAssembly.Module;
export default kernels;
