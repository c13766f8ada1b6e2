/** The address of a file that lies beside the page: this worker's script is in a folder of its own there. */
export const beside = (path: string): string => new URL(`../${path}`, self.location.href).href;
