/**
 * Takes a file that is dropped anywhere on the page, whose body has the class `dropping` while one is held above it.
 * @param {(file: File) => void} take
 */
export function takeDropped(take) {
  const dropping = (is) => document.body.classList.toggle("dropping", is);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    dropping(true);
  });
  addEventListener("dragleave", () => dropping(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    dropping(false);
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}
