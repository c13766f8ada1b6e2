/** The runtime that pages ship, under the toolkit's own name: the package `espalier-runtime`. */
export * from "espalier-runtime";
