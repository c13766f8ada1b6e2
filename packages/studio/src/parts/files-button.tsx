import type { ComponentChildren } from "preact";
import { take } from "../state/actions.ts";
import { chosenFiles } from "../state/files.ts";

interface FilesButtonProps {
  readonly children: ComponentChildren;
  readonly folder?: boolean;
  readonly primary?: boolean;
  readonly disabled?: boolean;
}

/** A button that asks for files, or for a folder, and takes them as if they were dropped. */
export function FilesButton({ children, folder = false, primary = false, disabled = false }: FilesButtonProps) {
  return (
    <label class={primary ? "button primary" : "button"}>
      {children}
      <input
        type="file"
        multiple
        ref={(input) => void input?.toggleAttribute("webkitdirectory", folder)}
        disabled={disabled}
        onChange={({ currentTarget }) => {
          const files = chosenFiles(currentTarget.files);
          currentTarget.value = "";
          void take(files);
        }}
      />
    </label>
  );
}
