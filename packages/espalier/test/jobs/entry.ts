/** What workers run where the sources are not built: they compile them as they read them. */
export const entry = new URL("./entry.mjs", import.meta.url);
