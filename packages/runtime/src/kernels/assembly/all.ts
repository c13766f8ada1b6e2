export * from "./index";
export * from "./whole";
