import type { Dropped } from "../work/keep.ts";

/** No more files are taken: each is a handle that the browser holds. */
const MOST_FILES = 50_000;

/** The files that were dropped, with those in folders. */
export async function filesIn({ items, files }: DataTransfer): Promise<Dropped[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry?.() ?? undefined).filter(
    (entry) => entry !== undefined,
  );
  if (entries.length === 0) return chosenFiles(files);
  const found: Dropped[] = [];
  for (const entry of entries) await gather(entry, found);
  return found;
}

/** The files that were chosen. */
export const chosenFiles = (files: Iterable<File> | null): Dropped[] =>
  Array.from(files ?? [], (file) => ({ path: file.webkitRelativePath || file.name, file }));

async function gather(entry: FileSystemEntry, found: Dropped[]): Promise<void> {
  if (found.length >= MOST_FILES || entry.name.startsWith(".")) return;
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
  } else if (isFolder(entry)) {
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const one of some) await gather(one, found);
    }
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** Whether there is a network among some files. */
export const hasNetwork = (files: readonly Dropped[]): boolean =>
  files.some(({ path }) => /\.(onnx|esp|prototxt|caffemodel)$/i.test(path));

/** Gives the user a file. */
export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
