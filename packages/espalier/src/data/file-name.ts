/** The last part of a path: of a file or a folder, without what it lies in. */
export function fileName(path: string): string {
  return path.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
}
